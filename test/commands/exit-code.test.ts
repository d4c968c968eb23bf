import { expect, it } from "vitest";
import { exitCodeOfRun } from "../../src/commands/carry-out.ts";
import type { Applied, AppliedStep } from "../../src/model/report.ts";
import { type Problem, problem } from "../../src/problems/problem.ts";

it("is 130 for a run that was interrupted between two steps, with no error anywhere", () => {
  expect(exitCodeOfRun(ran("interrupted", [skipped()]))).toBe(130);
});

it("is never 0 for a run that did not end well", () => {
  expect(exitCodeOfRun(ran("failed", [skipped()]))).toBe(1);
});

it("is that of the first error of a run that failed", () => {
  expect(exitCodeOfRun(ran("failed", [problem("LOCKED", "app.backup is held")]))).toBe(5);
});

it("is 0 for a run that was applied, warnings or not", () => {
  expect(
    exitCodeOfRun(ran("applied", [problem("DUMP_WARNINGS", "a circular key", { severity: "warning" })])),
  ).toBe(0);
});

function skipped(): Problem {
  return problem("STEP_FAILED", "app.verify was not begun", { severity: "warning" });
}

function ran(outcome: Applied["outcome"], problems: readonly Problem[]): Pick<Applied, "outcome" | "steps"> {
  const step: AppliedStep["step"] = {
    id: "app.verify",
    kind: "verify",
    type: "backup",
    effect: "none",
    why: "asked for",
    needs: [],
    after: [],
    database: "app",
    backup: { existing: "production_app_20260101_000000" },
    store: "primary",
    deep: false,
  };
  return { outcome, steps: [{ step, outcome: "skipped", facts: null, problems }] };
}
