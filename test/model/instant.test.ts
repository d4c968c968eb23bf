import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instantOf, msOf, parseStamp, stampOf } from "../../src/model/instant.ts";

describe("stampOf", () => {
  it.each([
    ["2026-11-24T01:00:00.000Z", "20261124_010000"],
    ["2026-11-24T01:00:00Z", "20261124_010000"],
    ["2026-11-24T01:00:00.000000Z", "20261124_010000"],
    ["2026-11-24T01:00:00.000001Z", "20261124_010001"],
    ["2026-11-24T01:00:00.001Z", "20261124_010001"],
    ["2026-11-24T01:00:00.001000Z", "20261124_010001"],
    ["2026-11-24T01:00:00.999999Z", "20261124_010001"],
    ["2026-11-24T01:00:00.5Z", "20261124_010001"],
    ["2026-11-24T23:59:59.000100Z", "20261125_000000"],
    ["2026-12-31T23:59:59.000001Z", "20270101_000000"],
    ["2028-02-28T23:59:59.1Z", "20280229_000000"],
  ])("rounds %s up to %s", (at, stamp) => {
    expect(stampOf(at)).toBe(stamp);
  });

  it("is never before the instant and less than a second behind it", () => {
    const micros = fc.integer({ min: 0, max: 999_999 });
    const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
    fc.assert(
      fc.property(seconds, micros, (second, micro) => {
        const whole = instantOf(second * 1000).slice(0, 19);
        const named = msOf(parseStamp(stampOf(`${whole}.${String(micro).padStart(6, "0")}Z`)) ?? "") / 1000;
        expect(named).toBe(micro === 0 ? second : second + 1);
      }),
    );
  });
});

describe("parseStamp", () => {
  it("gives the instant of a stamp", () => {
    expect(parseStamp("20280229_235959")).toBe("2028-02-29T23:59:59.000Z");
  });

  it.each([
    "20260229_000000",
    "20260431_000000",
    "20261301_000000",
    "20260001_000000",
    "20260100_000000",
    "20260101_240000",
    "20260101_006000",
    "20260101_000060",
    "20260101-000000",
    "2026-01-01_000000",
    "20260101_00000",
    " 20260101_000000",
    "20260101_000000\n",
    "",
  ])("is null for %j, which is no date of the calendar", (text) => {
    expect(parseStamp(text)).toBeNull();
  });
});

it("tells the milliseconds of an instant, and NaN for what is none", () => {
  expect(msOf("1970-01-01T00:00:01.500Z")).toBe(1500);
  expect(instantOf(1500)).toBe("1970-01-01T00:00:01.500Z");
  expect(msOf("yesterday")).toBeNaN();
});
