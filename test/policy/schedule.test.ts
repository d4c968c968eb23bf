import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Schedule } from "../../src/model/environment.ts";
import { type Instant, instantOf, msOf } from "../../src/model/instant.ts";
import {
  dueSlot,
  MISSED_SLOTS_COUNTED,
  newestSlot,
  newestSlotOf,
  nextSlot,
} from "../../src/policy/schedule.ts";

function schedule(cron: string, timezone = "UTC", name = "daily"): Schedule {
  return { name, cron, timezone };
}

/** Slots after one instant, up to and including another, oldest first. */
function slotsBetween(one: Schedule, after: Instant, until: Instant): readonly Instant[] {
  const slots: Instant[] = [];
  for (let at = nextSlot(one, after); at !== null && msOf(at) <= msOf(until); at = nextSlot(one, at))
    slots.push(at);
  return slots;
}

const DAILY = schedule("0 1 * * *");
const HOURLY = schedule("0 * * * *", "UTC", "hourly");

describe("slots", () => {
  it("counts an instant that is a slot as its own newest slot, to the millisecond", () => {
    expect(newestSlot(DAILY, "2026-11-24T01:00:00.000Z")).toBe("2026-11-24T01:00:00.000Z");
    expect(newestSlot(DAILY, "2026-11-24T01:00:00.999Z")).toBe("2026-11-24T01:00:00.000Z");
    expect(newestSlot(DAILY, "2026-11-24T00:59:59.999Z")).toBe("2026-11-23T01:00:00.000Z");
  });

  it("gives the next slot after an instant, never the instant itself", () => {
    expect(nextSlot(DAILY, "2026-11-24T01:00:00.000Z")).toBe("2026-11-25T01:00:00.000Z");
  });

  it("has no slot for a date that never comes", () => {
    expect(newestSlot(schedule("0 0 30 2 *"), "2026-11-24T01:00:00.000Z")).toBeNull();
    expect(nextSlot(schedule("0 0 30 2 *"), "2026-11-24T01:00:00.000Z")).toBeNull();
  });

  it("runs a daily job once on the day that clocks skip its hour, and once on the day they repeat it", () => {
    const berlin = schedule("30 2 * * *", "Europe/Berlin");
    expect(slotsBetween(berlin, "2026-03-28T12:00:00.000Z", "2026-03-30T12:00:00.000Z")).toEqual([
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
    expect(slotsBetween(berlin, "2026-10-24T12:00:00.000Z", "2026-10-26T12:00:00.000Z")).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
  });

  it("runs an hourly job every real hour when clocks change", () => {
    const berlin = schedule("0 * * * *", "Europe/Berlin");
    expect(slotsBetween(berlin, "2026-10-24T23:30:00.000Z", "2026-10-25T03:00:00.000Z")).toEqual([
      "2026-10-25T00:00:00.000Z",
      "2026-10-25T01:00:00.000Z",
      "2026-10-25T02:00:00.000Z",
      "2026-10-25T03:00:00.000Z",
    ]);
  });

  it("finds the same slots backwards as forwards, in every zone and across clock changes", () => {
    const crons = fc.constantFrom("0 1 * * *", "30 2 * * *", "*/20 2 * * *", "0 * * * *", "15 3 * * 0");
    const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe");
    const starts = fc.integer({
      min: msOf("2026-01-01T00:00:00.000Z"),
      max: msOf("2027-01-01T00:00:00.000Z"),
    });
    fc.assert(
      fc.property(crons, zones, starts, (cron, timezone, startMs) => {
        const one = schedule(cron, timezone);
        const until = instantOf(startMs);
        const slots = slotsBetween(one, instantOf(startMs - 15 * 86_400_000), until);
        expect(newestSlot(one, until)).toBe(slots.at(-1));
        expect([...slots].sort()).toEqual(slots);
        expect(new Set(slots).size).toBe(slots.length);
      }),
      { numRuns: 60 },
    );
  });

  it("takes the newest slot over all schedules, and the first name of equal ones", () => {
    expect(newestSlotOf([HOURLY, DAILY], "2026-11-24T05:10:00.000Z")).toEqual({
      at: "2026-11-24T05:00:00.000Z",
      schedule: "hourly",
    });
    expect(newestSlotOf([HOURLY, DAILY], "2026-11-24T01:10:00.000Z")?.schedule).toBe("daily");
  });
});

describe("the due slot", () => {
  it("is the newest one when there is no backup at all, and nothing counts as missed", () => {
    expect(dueSlot([DAILY], [], "2026-11-24T10:00:00.000Z")).toEqual({
      at: "2026-11-24T01:00:00.000Z",
      schedule: "daily",
      missed: null,
    });
  });

  it("is covered by a backup from 60 seconds before it on", () => {
    const now = "2026-11-24T01:05:00.000Z";
    expect(dueSlot([DAILY], [{ at: "2026-11-24T00:59:00.000Z" }], now)).toBeNull();
    expect(dueSlot([DAILY], [{ at: "2026-11-24T00:58:59.000Z" }], now)?.at).toBe("2026-11-24T01:00:00.000Z");
  });

  it("is covered for daily and hourly alike by one backup", () => {
    expect(
      dueSlot([DAILY, HOURLY], [{ at: "2026-11-24T01:00:10.000Z" }], "2026-11-24T01:30:00.000Z"),
    ).toBeNull();
  });

  it("counts the older slots that nothing covers, each instant once", () => {
    const due = dueSlot([DAILY, HOURLY], [{ at: "2026-11-23T22:30:00.000Z" }], "2026-11-24T03:10:00.000Z");
    expect(due).toEqual({
      at: "2026-11-24T03:00:00.000Z",
      schedule: "hourly",
      missed: { count: 4, newestAt: "2026-11-24T02:00:00.000Z" },
    });
  });

  it("stops counting missed slots at a bound", () => {
    const due = dueSlot([HOURLY], [{ at: "2020-01-01T00:00:00.000Z" }], "2026-11-24T03:10:00.000Z");
    expect(due?.missed).toEqual({ count: MISSED_SLOTS_COUNTED, newestAt: "2026-11-24T02:00:00.000Z" });
  });

  it("does not exist without a schedule", () => {
    expect(dueSlot([], [], "2026-11-24T03:10:00.000Z")).toBeNull();
  });
});
