import { expect, it } from "vitest";
import { printable, printableLines } from "../../src/views/printable.ts";

it.each([
  ["a\u001b[2Jb", "a\\x1b[2Jb"],
  ["line\nbreak\r\ttab", "line\\nbreak\\r\\ttab"],
  ["\u009b31mred", "\\x9b31mred"],
  ["\u007f\u0000", "\\x7f\\x00"],
  ["abc\u202edcba", "abc\\u202edcba"],
  ["größe 数据 🐘", "größe 数据 🐘"],
])("spells out what would move a cursor or turn text around: %j", (text, expected) => {
  expect(printable(text)).toBe(expected);
});

it("keeps the lines of a text, but nothing else that a terminal would obey", () => {
  expect(printableLines("first\r\n\tsecond\u001b[1A\n\n")).toEqual(["first", "  second\\x1b[1A"]);
});
