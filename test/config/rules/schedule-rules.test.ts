import { describe, expect, it } from "vitest";
import { cronFault } from "../../../src/config/rules/schedule-rules.ts";
import { detailsOf } from "../environment-text.ts";

describe("a schedule", () => {
  it.each([
    ["0 0 30 2 *", "it never fires"],
    ["0 0 31 4,6,9,11 *", "it never fires"],
    ["0 1 * *", "it has 4 fields"],
    ["0 0 1 * * *", "it has 6 fields"],
    ["@daily", "@daily is not supported"],
    ["61 * * * *", "invalid value for minute: 61"],
    ["0 24 * * *", "invalid value for hour: 24"],
    ["*/0 * * * *", "illegal stepping"],
    ["0 0 L * *", "L and W are not part"],
    ["0 0 15W * *", "L and W are not part"],
    ["0 0 * * 1#2", "only digits"],
    ["0 0 * * +1", "only digits"],
    ["a b c d e", "illegal characters"],
  ])("refuses %j", (cron, fault) => {
    expect(cronFault(cron)).toContain(fault);
  });

  it.each([
    "0 1 * * *",
    "*/15 * * * *",
    "0 0 29 2 *",
    "0 3 * * MON-FRI",
    "0 3 1 JUL *",
    "0 3 * * 7",
    "0 0 30 2 1",
    " 0  1 * * * ",
  ])("accepts %j", (cron) => {
    expect(cronFault(cron)).toBeNull();
  });

  it("is told with the place of its expression", () => {
    expect(detailsOf({ backup: { schedules: { night: { cron: "0 0 30 2 *" } } } })).toEqual([
      'databases.app.backup.schedules.night.cron: "0 0 30 2 *" is not valid: it never fires: there is no such day',
    ]);
  });

  it.each([
    ["Europe/Berln", "is no time zone; did you mean Europe/Berlin?"],
    ["+02:00", "is no time zone; write an IANA name"],
    ["Mars", "is no time zone; write an IANA name"],
  ])("refuses the time zone %j", (timezone, detail) => {
    const schedules = { night: { cron: "0 1 * * *", timezone } };
    expect(detailsOf({ backup: { schedules } }).join()).toContain(
      `schedules.night.timezone: "${timezone}" ${detail}`,
    );
  });

  it.each(["UTC", "Europe/Berlin", "Asia/Kolkata"])("accepts the time zone %s", (timezone) => {
    expect(detailsOf({ backup: { schedules: { night: { cron: "0 1 * * *", timezone } } } })).toEqual([]);
  });
});
