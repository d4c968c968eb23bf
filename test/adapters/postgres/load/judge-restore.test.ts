import { describe, expect, test } from "vitest";
import { judgeRestore } from "../../../../src/adapters/postgres/load/judge-restore.ts";
import type { RestoreSaid } from "../../../../src/adapters/postgres/load/restore-messages.ts";

const QUIET: RestoreSaid = {
  failures: [],
  ignored: null,
  refusedSettings: 0,
  fatal: null,
  unclear: null,
  warnings: [],
};
const ONE = { id: 1, message: "no" };
const exit = (code: number | null, killedBy: NodeJS.Signals | null = null) => ({
  code,
  killedBy,
  error: null,
});

function why(end: ReturnType<typeof exit>, said: Partial<RestoreSaid>, parallel = false): string | null {
  const outcome = judgeRestore(end, { ...QUIET, ...said }, parallel);
  return outcome.state === "ended" ? null : outcome.why;
}

describe("a run of pg_restore", () => {
  test("has ended when it exits 0 without an error, and 1 with as many as it counts", () => {
    expect(why(exit(0), {})).toBeNull();
    expect(why(exit(1), { failures: [ONE], ignored: 1 })).toBeNull();
    expect(why(exit(1), { failures: [ONE], ignored: 2, refusedSettings: 1 })).toBeNull();
  });

  test.each([
    ["it was killed", exit(null, "SIGKILL"), {}, "killed by SIGKILL"],
    [
      "it exits 1 and counts nothing",
      exit(1),
      { unclear: "a worker process died" },
      "exit code 1: a worker process died",
    ],
    ["it exits 0 and counts errors", exit(0), { failures: [ONE], ignored: 1 }, "exit code 0"],
    ["it exits 0 and told of one", exit(0), { failures: [ONE] }, "it counts 0 errors, and told of 1"],
    [
      "it counts more than it told of",
      exit(1),
      { failures: [ONE], ignored: 2 },
      "it counts 2 errors, and told of 1",
    ],
    ["it counts fewer", exit(1), { failures: [ONE, ONE], ignored: 1 }, "it counts 1 errors, and told of 2"],
    ["it lost the connection", exit(1), { fatal: "no connection", ignored: 1 }, "no connection"],
    ["it ends in another way", exit(127), { ignored: 1, failures: [ONE] }, "exit code 127"],
  ])("is worth nothing when %s", (_what, end, said, expected) => {
    expect(why(end, said)).toBe(expected);
  });

  test("with several jobs counts errors, or errors and entries", () => {
    const failures = [ONE, ONE, { id: 2, message: "no" }];
    expect(why(exit(1), { failures, ignored: 5 }, true)).toBeNull();
    expect(why(exit(1), { failures, ignored: 3 }, true)).toBeNull();
    expect(why(exit(1), { failures, ignored: 4 }, true)).toBe("it counts 4 errors, and told of 3");
    expect(why(exit(1), { failures, ignored: 6 }, true)).toBe("it counts 6 errors, and told of 3");
  });
});
