import { describe, expect, it } from "vitest";
import { detailsOf } from "../environment-text.ts";

const DAILY = { daily: { cron: "0 1 * * *" } };

const detailsFor = (retention: Record<string, unknown>, schedules: unknown = DAILY): readonly string[] =>
  detailsOf({ backup: { retention, schedules } });

const neverDecides = (rule: string, why: string): string =>
  `databases.app.backup.retention.${rule} can never decide: ${why}`;

describe("a retention rule", () => {
  it.each([
    [{}],
    [{ within: "30d" }],
    [{ within: "1h", atLeast: 2 }],
    [{ daily: 0, weekly: 0 }],
    [{ within: "2d", daily: 30, weekly: 8, monthly: 12, yearly: 0, atLeast: 3 }],
    [{ daily: 1 }],
    [{ daily: 7, weekly: 4, monthly: 12, yearly: 3 }],
  ])("may be one of %j", (retention) => {
    expect(detailsFor(retention)).toEqual([]);
  });

  it.each([
    [{ within: "60d", daily: 30 }, "daily", "within: 60d keeps everything of that time already"],
    [{ within: "5w", weekly: 5 }, "weekly", "within: 5w keeps everything of that time already"],
    [{ within: "372d", monthly: 12 }, "monthly", "within: 372d keeps everything of that time already"],
    [{ daily: 30, weekly: 4 }, "weekly", "daily: 30 keeps the last backup of every day of that time already"],
    [
      { monthly: 24, yearly: 2 },
      "yearly",
      "monthly: 24 keeps the last backup of every month of that time already",
    ],
    [{ within: "1h", monthly: 1 }, "monthly", "within keeps the newest backup already"],
    [{ daily: 1, yearly: 1 }, "yearly", "daily keeps the newest backup already"],
  ])("that another one covers can never decide: %j", (retention, rule, why) => {
    expect(detailsFor(retention)).toEqual([neverDecides(rule, why)]);
  });

  it("may reach further than another one when backups are not made in every bucket", () => {
    expect(detailsFor({ within: "60d", daily: 30 }, { weekly: { cron: "0 1 * * 0" } })).toEqual([]);
    expect(detailsFor({ within: "60d", daily: 30 }, { weekdays: { cron: "0 1 * * 1-5" } })).toEqual([]);
    expect(detailsFor({ daily: 30, weekly: 4 }, { some: { cron: "0 1 1-30 * *" } })).toEqual([]);
  });

  it("counts scheduled backups, and so can never decide without a schedule", () => {
    expect(detailsOf({ backup: { schedules: undefined, retention: { daily: 7 } } })).toEqual([
      neverDecides("daily", "it counts scheduled backups, and there is no schedule"),
    ]);
  });

  it("is not judged where the schedule is a mistake itself", () => {
    expect(detailsFor({ daily: 7 }, { daily: { cron: 5 } })).toHaveLength(1);
    expect(detailsFor({ daily: 7, within: "9d" }, { daily: { cron: "0 0 30 2 *" } })).toHaveLength(1);
  });

  it.each(["atLeast", "keepOthers"])("that only softens others, as %s, decides nothing alone", (rule) => {
    expect(detailsFor({ [rule]: rule === "atLeast" ? 5 : "7d" })).toEqual([
      neverDecides(rule, "without within, daily, weekly, monthly or yearly everything is kept for ever"),
    ]);
  });

  it("is judged for a store of its own too", () => {
    const stores = [{ local: { retention: { within: "60d", daily: 30 } } }];
    expect(detailsOf({ backup: { stores } })).toEqual([
      "databases.app.backup.stores[0].local.retention.daily can never decide: within: 60d keeps everything of that time already",
    ]);
  });
});
