import { expect, it } from "vitest";
import { loadedTexts } from "../../src/views/loaded-database.ts";

const FACTS = {
  bytes: 3 * 1024 * 1024,
  tables: 2,
  failures: [{ entry: "0 1 COMMENT x", message: "must be\u001b[31m owner", sqlstate: null }],
  warnings: ["errors ignored"],
};

it("says how much was loaded, what was tolerated and what was warned of", () => {
  expect(loadedTexts(FACTS, 3000)).toEqual([
    "2 tables, 3.0 MiB loaded, 1.0 MiB/s",
    expect.stringMatching(/^tolerated: 0 1 COMMENT x: must be.* owner$/),
    "warning: errors ignored",
  ]);
  expect(loadedTexts(FACTS, 3000).join()).not.toContain("\u001b");
});

it("says nothing of what it is not told", () => {
  expect(loadedTexts({}, 3000)).toEqual([]);
  expect(loadedTexts(null, null)).toEqual([]);
});
