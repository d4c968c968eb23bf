import { expect, it } from "vitest";
import { ageText, bytesText, durationText, rateText, timeText } from "../../src/views/quantities.ts";

it.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1024 * 1024 - 1, "1.0 MiB"],
  [1_288_490_189, "1.2 GiB"],
  [5 * 1024 ** 4, "5.0 TiB"],
])("writes %d bytes as %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

it("writes a rate per second", () => {
  expect(rateText(43_000_000)).toBe("41.0 MiB/s");
});

it.each([
  [0, "0.0 s"],
  [3_210, "3.2 s"],
  [9_960, "10 s"],
  [59_600, "1 min 0 s"],
  [65_000, "1 min 5 s"],
  [3_900_000, "1 h 5 min"],
  [2 * 86_400_000 + 4 * 3_600_000, "2 d 4 h"],
])("writes %d ms as %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

it.each([
  [20_000, "under 1 min"],
  [12 * 60_000, "12 min"],
  [26 * 3_600_000, "1 d 2 h"],
  [-12 * 60_000, "12 min ahead"],
])("writes an age of %d ms as %s", (ms, text) => {
  expect(ageText(ms)).toBe(text);
});

it("writes instants in UTC and leaves alone what is none", () => {
  expect(timeText("2026-11-24T01:00:00.123456Z")).toBe("2026-11-24 01:00:00 UTC");
  expect(timeText("yesterday")).toBe("yesterday");
});
