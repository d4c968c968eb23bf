import { expect, test } from "vitest";
import { mergeRetry } from "../../../../src/adapters/postgres/load/load-post-data.ts";

const DEADLOCK = "deadlock detected";

test("what failed before and fails again keeps its first reason, unless that was a deadlock", () => {
  const before = [
    { id: 1, message: DEADLOCK },
    { id: 2, message: "no unique constraint" },
    { id: 3, message: "must be owner" },
    { id: 4, message: DEADLOCK },
  ];
  const after = [
    { id: 3, message: "already exists" },
    { id: 4, message: "out of memory" },
  ];
  expect(mergeRetry(before, after)).toEqual([
    { id: 3, message: "must be owner" },
    { id: 4, message: "out of memory" },
  ]);
});
