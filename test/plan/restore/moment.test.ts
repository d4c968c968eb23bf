import { describe, expect, it } from "vitest";
import { isAtOrBefore, parseMoment, renderMoment } from "../../../src/plan/restore/moment.ts";

describe("a moment", () => {
  it.each([
    ["2025-01-18T01:00:00Z", "2025-01-18T01:00:00.000Z"],
    ["2025-01-18t01:00:00.4z", "2025-01-18T01:00:00.400Z"],
    ["2025-01-18 02:30:00.400001+01:30", "2025-01-18T01:00:00.400001Z"],
    ["2025-01-17T20:00:00-05:00", "2025-01-18T01:00:00.000Z"],
    ["2025-01-18T01:00:00.1234569Z", "2025-01-18T01:00:00.123456Z"],
    ["1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"],
  ])("is read to the microsecond: %s", (text, at) => {
    expect(parseMoment(text)?.at).toBe(at);
  });

  it.each([
    "2025-01-18T01:00:00",
    "2025-01-18",
    "2025-02-30T01:00:00Z",
    "2025-01-18T24:00:00Z",
    "2025-01-18T23:59:60Z",
    "2025-01-18T01:00Z",
    "2025-01-18T01:00:00+25:00",
    "yesterday",
    "",
  ])("is never guessed: %s", (text) => {
    expect(parseMoment(text)).toBeNull();
  });

  it("is compared with a snapshot to the microsecond", () => {
    const moment = parseMoment("2025-01-18T01:00:00.4Z");
    if (moment === null) throw new Error("no moment");
    expect(isAtOrBefore("2025-01-18T01:00:00.400000Z", moment)).toBe(true);
    expect(isAtOrBefore("2025-01-18T01:00:00.400001Z", moment)).toBe(false);
    expect(isAtOrBefore("2025-01-18T01:00:00.399Z", moment)).toBe(true);
  });

  it("is told as fine as it is", () => {
    expect(renderMoment("2025-01-18T01:00:00.400001Z")).toBe("2025-01-18 01:00:00.400001 UTC");
    expect(renderMoment("2025-01-18T01:00:00.000Z")).toBe("2025-01-18 01:00:00 UTC");
  });
});
