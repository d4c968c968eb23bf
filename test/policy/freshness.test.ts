import { describe, expect, it } from "vitest";
import type { Schedule } from "../../src/model/environment.ts";
import { freshness } from "../../src/policy/freshness.ts";
import type { RestorePoint } from "../../src/policy/retention.ts";

const DAILY: Schedule = { name: "daily", cron: "0 1 * * *", timezone: "UTC" };
const HOURLY: Schedule = { name: "hourly", cron: "0 * * * *", timezone: "UTC" };

function point(at: string, more: Partial<RestorePoint> = {}): RestorePoint {
  return { name: at, at, layout: "directory", origin: "scheduled", holds: [], proofs: [], ...more };
}

describe("freshness", () => {
  it("gives a daily slot an hour before its backup is overdue", () => {
    const yesterday = [point("2026-11-23T01:00:05.000Z")];
    expect(freshness([DAILY], yesterday, "2026-11-24T01:59:59.000Z").state).toBe("fresh");
    expect(freshness([DAILY], yesterday, "2026-11-24T02:00:00.000Z")).toEqual({
      state: "overdue",
      newest: { name: "2026-11-23T01:00:05.000Z", at: "2026-11-23T01:00:05.000Z" },
      overdueSlot: { at: "2026-11-24T01:00:00.000Z", schedule: "daily" },
    });
  });

  it("gives an hourly slot half an hour", () => {
    const points = [point("2026-11-24T09:00:05.000Z")];
    expect(freshness([HOURLY], points, "2026-11-24T10:29:59.000Z").state).toBe("fresh");
    expect(freshness([HOURLY], points, "2026-11-24T10:30:00.000Z").state).toBe("overdue");
  });

  it("still finds an older slot overdue while the newest is in its grace", () => {
    const late = freshness([HOURLY], [point("2026-11-24T07:00:05.000Z")], "2026-11-24T10:10:00.000Z");
    expect(late.overdueSlot?.at).toBe("2026-11-24T09:00:00.000Z");
  });

  it("is overdue without any backup", () => {
    expect(freshness([DAILY], [], "2026-11-24T10:00:00.000Z")).toMatchObject({
      state: "overdue",
      newest: null,
    });
  });

  it("is not refreshed by a forced backup or by the runbook's files, but shows them as newest", () => {
    const forced = point("2026-11-24T09:00:00.000Z", { origin: "forced" });
    const classic = point("2026-11-24T08:00:00.000Z", { layout: "classic", origin: null });
    const found = freshness([DAILY], [classic, forced], "2026-11-24T10:00:00.000Z");
    expect(found).toMatchObject({ state: "overdue", newest: { at: "2026-11-24T09:00:00.000Z" } });
  });

  it("has nothing to be overdue without a schedule", () => {
    expect(freshness([], [], "2026-11-24T10:00:00.000Z").state).toBe("unscheduled");
  });
});
