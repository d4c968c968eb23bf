import { describe, expect, it } from "vitest";
import { parseDuration } from "../../src/config/duration.ts";

describe("a duration", () => {
  it.each([
    ["90m", 5_400_000],
    ["12h", 43_200_000],
    ["30d", 2_592_000_000],
    ["2w", 1_209_600_000],
  ])("of %s has %d milliseconds", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["0d", "1s", "d", "1.5h", "-1d", "1d ", "100000d"])("is not %j", (text) => {
    expect(parseDuration(text)).toBeNaN();
  });
});
