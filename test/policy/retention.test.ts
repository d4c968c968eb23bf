import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ORIGINS } from "../../src/model/backup.ts";
import type { Retention } from "../../src/model/environment.ts";
import { type Instant, instantOf, msOf } from "../../src/model/instant.ts";
import { weekOf } from "../../src/policy/calendar.ts";
import { decideRetention, lastProven, type RestorePoint, type Verdict } from "../../src/policy/retention.ts";

const DAY_MS = 86_400_000;
const NOW = "2026-11-24T12:00:00.000Z";

const NONE: Retention = {
  withinMs: null,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  atLeast: 1,
  keepOthersMs: 30 * DAY_MS,
};

function point(at: Instant, more: Partial<RestorePoint> = {}): RestorePoint {
  return { name: at, at, layout: "directory", origin: "scheduled", holds: [], proofs: [], ...more };
}

/** Of the runbook's layout, and not by dbops. */
function file(at: Instant): RestorePoint {
  return point(at, { layout: "classic", origin: null });
}

/** As the only store there is. */
function decide(points: readonly RestorePoint[], retention: Retention, now: Instant): readonly Verdict[] {
  return decideRetention(points, retention, { now, provenName: lastProven(points)?.name ?? null });
}

function kept(points: readonly RestorePoint[], retention: Partial<Retention>, now = NOW): readonly string[] {
  return decide(points, { ...NONE, ...retention }, now)
    .filter((one) => one.verdict === "keep")
    .map((one) => one.name);
}

function reasons(
  points: readonly RestorePoint[],
  retention: Partial<Retention>,
  name: string,
): readonly string[] {
  const verdicts = decide(points, { ...NONE, ...retention }, NOW);
  return verdicts.find((one) => one.name === name)?.reasons ?? [];
}

const DAYS = Array.from({ length: 10 }, (_, index) =>
  point(instantOf(msOf("2026-11-15T01:00:00.000Z") + index * DAY_MS)),
);

describe("retention", () => {
  it("keeps everything without a rule, whatever its origin", () => {
    const old = point("2020-01-01T00:00:00.000Z", { origin: "forced" });
    expect(kept([...DAYS, old], { atLeast: 3 })).toHaveLength(11);
  });

  it("keeps what is within a time of the newest scheduled backup, not of now", () => {
    const names = kept(DAYS, { withinMs: 2 * DAY_MS }, "2030-01-01T00:00:00.000Z");
    expect(names).toEqual(DAYS.slice(-3).map((one) => one.name));
  });

  it("does not count back from a forced backup", () => {
    const forced = point("2026-11-30T00:00:00.000Z", { origin: "forced" });
    expect(kept([...DAYS, forced], { withinMs: DAY_MS })).toEqual([
      ...DAYS.slice(-2).map((one) => one.name),
      forced.name,
    ]);
  });

  it("keeps the newest of each UTC day", () => {
    const early = point("2026-11-24T00:00:00.000Z");
    const late = point("2026-11-24T23:59:59.000Z");
    expect(kept([early, late], { daily: 2 })).toEqual([late.name]);
  });

  it("counts only days that have a backup", () => {
    const gap = [point("2026-01-01T01:00:00.000Z"), point("2026-06-01T01:00:00.000Z"), ...DAYS.slice(-1)];
    expect(kept(gap, { daily: 3 })).toHaveLength(3);
  });

  it("lets one backup serve several rules and gives each as a reason", () => {
    expect(reasons(DAYS, { daily: 30, weekly: 8, withinMs: 0 }, "2026-11-24T01:00:00.000Z")).toEqual([
      "within 0ms",
      "daily 1 of 30",
      "weekly 1 of 8",
      "at least 1",
    ]);
    expect(reasons(DAYS, { daily: 30 }, "2026-11-22T01:00:00.000Z")).toEqual(["daily 3 of 30"]);
  });

  it("numbers weeks as ISO 8601 does, across the turn of a year", () => {
    expect(weekOf("2026-12-31T12:00:00.000Z")).toBe("2026-W53");
    expect(weekOf("2027-01-03T23:59:59.000Z")).toBe("2026-W53");
    expect(weekOf("2027-01-04T00:00:00.000Z")).toBe("2027-W01");
    expect(weekOf("2024-12-30T00:00:00.000Z")).toBe("2025-W01");
    const turn = [point("2026-12-28T01:00:00.000Z"), point("2027-01-03T01:00:00.000Z")];
    expect(kept(turn, { weekly: 5 })).toEqual(["2027-01-03T01:00:00.000Z"]);
  });

  it("keeps the newest of months and years", () => {
    const points = ["2024-05-01", "2025-03-01", "2025-12-31", "2026-11-01", "2026-11-24"].map((day) =>
      point(`${day}T01:00:00.000Z`),
    );
    expect(kept(points, { monthly: 2 })).toEqual(["2025-12-31T01:00:00.000Z", "2026-11-24T01:00:00.000Z"]);
    expect(kept(points, { yearly: 3 })).toEqual([
      "2024-05-01T01:00:00.000Z",
      "2025-12-31T01:00:00.000Z",
      "2026-11-24T01:00:00.000Z",
    ]);
  });

  it("lets a forced backup fill no bucket", () => {
    const forced = point("2026-11-24T09:00:00.000Z", { origin: "forced" });
    expect(kept([...DAYS, forced], { daily: 1, keepOthersMs: 0, atLeast: 0 })).toContain(
      "2026-11-24T01:00:00.000Z",
    );
  });

  it("keeps others from their own time for keepOthers, and then no longer", () => {
    const young = point("2026-10-25T12:00:00.000Z", { origin: "safety" });
    const old = point("2026-10-25T11:59:59.000Z", { origin: "safety" });
    expect(kept([...DAYS, young, old], { daily: 1 })).toEqual(["2026-11-24T01:00:00.000Z", young.name]);
    expect(reasons([...DAYS, young], { daily: 1 }, young.name)).toEqual(["safety, kept 30d"]);
    expect(reasons([...DAYS, old], { daily: 1 }, old.name)).toEqual(["safety, older than 30d"]);
  });

  it("treats the scripts' files as scheduled backups behind dbops' own, which push them out", () => {
    const own = point("2026-11-24T01:00:00.000Z");
    const files = ["2026-11-22", "2026-11-23", "2026-11-24"].map((day) => file(`${day}T00:00:00.000Z`));
    expect(kept(files, { daily: 2 })).toEqual(files.slice(1).map((one) => one.name));
    expect(kept([...files, own], { daily: 2 })).toEqual(["2026-11-23T00:00:00.000Z", own.name]);
  });

  it("lets no file of the scripts push out a backup that dbops made, in either layout", () => {
    const files = DAYS.map((one) => file(instantOf(msOf(one.at) + 3_600_000)));
    const rules = [{ daily: 2 }, { withinMs: DAY_MS }, { daily: 1, atLeast: 2 }];
    for (const layout of ["directory", "classic"] as const) {
      const own = DAYS.slice(0, -3).map((one) => ({ ...one, layout }));
      for (const rule of rules)
        expect(kept([...own, ...files], rule)).toEqual(expect.arrayContaining([...kept(own, rule)]));
    }
  });

  it("keeps a backup whose origin is not known, and counts it in no bucket", () => {
    const lost = point("2026-11-20T09:00:00.000Z", { origin: null });
    expect(kept([...DAYS, lost], { daily: 1 })).toEqual(["2026-11-24T01:00:00.000Z", lost.name]);
  });

  it("keeps the newest ones up to the least number, of any origin", () => {
    const forced = point("2020-01-01T00:00:00.000Z", { origin: "forced" });
    expect(kept([DAYS[0] ?? forced, forced], { daily: 1, atLeast: 2 })).toHaveLength(2);
    expect(reasons(DAYS, { daily: 1, atLeast: 3 }, "2026-11-22T01:00:00.000Z")).toEqual(["at least 3"]);
  });

  it("keeps the newest one even when the file asks for none", () => {
    const forced = point("2020-01-01T00:00:00.000Z", { origin: "forced" });
    expect(kept([forced], { daily: 1, atLeast: 0, keepOthersMs: 0 })).toEqual([forced.name]);
  });

  it("keeps a held backup and names the hold, without wanting it elsewhere", () => {
    const held = point("2020-01-01T00:00:00.000Z", { holds: ["incident-42"] });
    const verdict = decide([...DAYS, held], { ...NONE, daily: 1 }, NOW).at(-1);
    expect(verdict).toEqual({
      name: held.name,
      verdict: "keep",
      reasons: ["held: incident-42"],
      ruled: false,
    });
  });

  it("keeps the last proven backup even when the policy allows none", () => {
    const proof = { at: "2026-11-23T05:00:00.000Z", passed: true };
    const older = point("2026-11-01T01:00:00.000Z", { proofs: [proof] });
    const newer = point("2026-11-02T01:00:00.000Z", { proofs: [proof] });
    expect(kept([...DAYS, older, newer], { daily: 1 })).toEqual(["2026-11-24T01:00:00.000Z", newer.name]);
    expect(reasons([...DAYS, newer], { daily: 1 }, newer.name)).toEqual(["last proven"]);
  });

  it("keeps no backup for a proof while a newer one is proven in another store", () => {
    const proof = { at: "2026-11-23T05:00:00.000Z", passed: true };
    const old = point("2026-11-01T01:00:00.000Z", { proofs: [proof] });
    const at = { now: NOW, provenName: "2026-11-20T05:00:00.000Z" };
    const verdicts = decideRetention([...DAYS, old], { ...NONE, daily: 1 }, at);
    expect(verdicts.at(-1)).toMatchObject({ name: old.name, verdict: "prune" });
  });

  it("does not take a backup for proven whose latest proof failed", () => {
    const proofs = [
      { at: "2026-11-24T05:00:00.000Z", passed: false },
      { at: "2026-11-23T05:00:00.000Z", passed: true },
    ];
    const broken = point("2026-11-02T01:00:00.000Z", { proofs });
    expect(kept([...DAYS, broken], { daily: 1 })).not.toContain(broken.name);
  });

  it("says what does not cover a backup that goes", () => {
    expect(reasons(DAYS, { withinMs: 2 * DAY_MS, monthly: 1 }, "2026-11-15T01:00:00.000Z")).toEqual([
      "no rule covers it: outside within 2d, monthly 1",
    ]);
  });
});

const retention: fc.Arbitrary<Retention> = fc.record({
  withinMs: fc.option(fc.integer({ min: 0, max: 10 * DAY_MS }), { nil: null }),
  daily: fc.integer({ min: 0, max: 5 }),
  weekly: fc.integer({ min: 0, max: 4 }),
  monthly: fc.integer({ min: 0, max: 3 }),
  yearly: fc.integer({ min: 0, max: 2 }),
  atLeast: fc.integer({ min: 0, max: 4 }),
  keepOthersMs: fc.integer({ min: 0, max: 40 * DAY_MS }),
});

const points = fc.uniqueArray(
  fc
    .record({
      at: fc.integer({ min: 0, max: 400 * 24 }).map((hours) => instantOf(msOf(NOW) - hours * 3_600_000)),
      origin: fc.constantFrom(...ORIGINS, "scheduled", "scheduled", "scheduled", null),
      holds: fc.constantFrom([], [], [], ["one"]),
      proofs: fc.constantFrom([], [], [{ at: NOW, passed: true }]),
    })
    .map(({ at, ...more }) => point(at, more)),
  { selector: (one) => one.name, maxLength: 40 },
);

describe("retention, for any backups and any policy", () => {
  it("decides once for each backup, with a reason, whatever their order", () => {
    fc.assert(
      fc.property(points, retention, (all, policy) => {
        const verdicts = decide(all, policy, NOW);
        expect(verdicts.map((one) => one.name)).toEqual(all.map((one) => one.name));
        for (const { reasons } of verdicts) expect(reasons.join("")).not.toBe("");
        const turned = decide(all.toReversed(), policy, NOW).toReversed();
        expect(turned).toEqual(verdicts);
      }),
    );
  });

  it("keeps the same ones when it decides again over what it kept", () => {
    fc.assert(
      fc.property(points, retention, (all, policy) => {
        const names = new Set(kept(all, policy));
        const left = all.filter((one) => names.has(one.name));
        expect(kept(left, policy)).toEqual(left.map((one) => one.name));
      }),
    );
  });

  it("never takes a backup back that it condemned, whatever newer ones come", () => {
    fc.assert(
      fc.property(points, points, retention, (all, more, policy) => {
        const condemned = all.filter((one) => !kept(all, policy).includes(one.name));
        const names = new Set(all.map((one) => one.name));
        const union = [...all, ...more.filter((one) => !names.has(one.name))];
        const later = kept(union, policy);
        for (const { name } of condemned) expect(later).not.toContain(name);
      }),
    );
  });

  it("keeps no more buckets than it is told, and the newest backup of each", () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 6 }), (all, daily) => {
        const verdicts = decide(all, { ...NONE, daily, atLeast: 0, keepOthersMs: 0 }, NOW);
        const kept = verdicts.filter((one) => one.reasons.some((reason) => reason.startsWith("daily")));
        const scheduled = all.filter((one) => one.origin === "scheduled");
        const days = [...new Set(scheduled.map((one) => one.at.slice(0, 10)))]
          .sort()
          .reverse()
          .slice(0, daily);
        const newest = days.map((day) =>
          scheduled
            .map((one) => one.at)
            .filter((at) => at.startsWith(day))
            .sort()
            .at(-1),
        );
        expect(
          kept
            .map((one) => one.name)
            .sort()
            .reverse(),
        ).toEqual(newest);
      }),
    );
  });
});
