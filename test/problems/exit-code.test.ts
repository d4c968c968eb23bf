import { expect, it } from "vitest";
import { DbopsError, fail, problemsOf } from "../../src/problems/dbops-error.ts";
import { EXIT, exitCodeOf } from "../../src/problems/exit-code.ts";
import { type ProblemCode, problem, SUMMARIES } from "../../src/problems/problem.ts";

const NOT_1: Partial<Record<ProblemCode, number>> = {
  INTERNAL: 70,
  INTERRUPTED: 130,
  USAGE: 3,
  CONFIG_INVALID: 3,
  CONFIG_UNREADABLE: 3,
  PLAN_INVALID: 3,
  PLAN_EDITED: 4,
  PLAN_EXPIRED: 4,
  PLAN_APPLIED: 4,
  PLAN_STALE: 4,
  TARGET_CHANGED: 4,
  LOCKED: 5,
  CONFIRMATION_NEEDED: 6,
};

it("is that of contract 1 for every problem", () => {
  expect(EXIT).toEqual({
    done: 0,
    failed: 1,
    changes: 2,
    invalid: 3,
    stale: 4,
    locked: 5,
    unconfirmed: 6,
    bug: 70,
    interrupted: 130,
  });
  for (const code of Object.keys(SUMMARIES) as ProblemCode[]) // the keys of a record that is keyed by them
    expect([code, exitCodeOf([problem(code, "x")])]).toEqual([code, NOT_1[code] ?? 1]);
});

it("is 0 without problems, and warnings do not count", () => {
  expect(exitCodeOf([])).toBe(0);
  expect(exitCodeOf([problem("INTERNAL", "x", { severity: "warning" })])).toBe(0);
});

it("is that of a bug before an interrupt before the first error", () => {
  const of = (...codes: ProblemCode[]) => exitCodeOf(codes.map((code) => problem(code, "x")));
  expect(of("LOCKED", "INTERRUPTED", "INTERNAL")).toBe(70);
  expect(of("LOCKED", "INTERRUPTED")).toBe(130);
  expect(of("LOCKED", "STEP_FAILED")).toBe(5);
  expect(of("STEP_FAILED", "LOCKED")).toBe(1);
});

it("names a place in no summary, and says each in a sentence of its own", () => {
  const summaries = Object.values(SUMMARIES);
  expect(new Set(summaries).size).toBe(summaries.length);
  for (const summary of summaries) expect(summary).toMatch(/^[a-z][^.!:]*$/);
});

it("carries all problems through an error, and calls what nobody threw on purpose a bug", () => {
  const problems = [problem("STORE_FULL", "primary", { fix: "df -h" }), problem("LOCKED", "app")];
  const error = new DbopsError(problems);
  expect(problemsOf(error)).toEqual(problems);
  expect(error.is("STORE_FULL")).toBe(true);
  expect(error.is("LOCKED")).toBe(false);
  expect(error.message).toBe("a store has no space left: primary\nanother run holds the lock: app");
  expect(problemsOf(new TypeError("x is not a function"))).toMatchObject([
    { code: "INTERNAL", detail: "TypeError: x is not a function" },
  ]);
  expect(problemsOf("text")).toMatchObject([{ code: "INTERNAL", detail: "text" }]);
});

it("fails with one problem, its fix, its place and its cause", () => {
  const cause = new Error("ENOSPC");
  const where = { file: "a.yaml", line: 3, column: 5 };
  const failing = () => fail("STORE_FULL", "primary", { fix: "df -h", where, cause });
  expect(failing).toThrow(expect.objectContaining({ cause }));
  expect(failing).toThrow(
    expect.objectContaining({
      problems: [
        {
          code: "STORE_FULL",
          severity: "error",
          summary: "a store has no space left",
          detail: "primary",
          fix: "df -h",
          where,
        },
      ],
    }),
  );
});
