import { expect, it } from "vitest";
import { parseStoreMark } from "../../src/model/store-mark.ts";

const MARK = { storeId: "0d9f", environment: "production", createdAt: "2026-11-24T01:00:00.000Z" };

it("reads a mark", () => {
  expect(parseStoreMark(JSON.stringify(MARK))).toEqual(MARK);
});

it.each(["storeId", "environment", "createdAt"])("is null without %s, or with an empty one", (member) => {
  expect(parseStoreMark(JSON.stringify({ ...MARK, [member]: undefined }))).toBeNull();
  expect(parseStoreMark(JSON.stringify({ ...MARK, [member]: 7 }))).toBeNull();
  expect(parseStoreMark(JSON.stringify({ ...MARK, [member]: "" }))).toBeNull();
});

it.each(["", "{", "null", "[]", '"text"', "<html></html>"])("is null for %j", (text) => {
  expect(parseStoreMark(text)).toBeNull();
});
