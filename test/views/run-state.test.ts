import { expect, it } from "vitest";
import type { Step } from "../../src/model/step.ts";
import { paceOf, RunState } from "../../src/views/run-state.ts";
import { aPlan, backupSteps, copyStep } from "./build.ts";

const MIB = 1024 * 1024;
const STEP = copyStep();

it("knows rate, percent and time left", () => {
  const run = told([
    [0, 0],
    [1_000, 10],
    [2_000, 20],
  ]);
  expect(paceOf(stateOf(run))).toEqual({ bytesPerSecond: 10 * MIB, percent: 20, leftMs: 8_000 });
});

it("forgets what is older than ten seconds", () => {
  const run = told([
    [0, 0],
    [10_000, 10],
    [20_000, 60],
  ]);
  expect(paceOf(stateOf(run)).bytesPerSecond).toBe(5 * MIB);
});

it("promises nothing before a second has passed, without an estimate, or past it", () => {
  expect(paceOf(stateOf(told([[500, 10]])))).toEqual({ bytesPerSecond: null, percent: 10, leftMs: null });
  expect(paceOf(stateOf(told([[2_000, 10]], null)))).toEqual({
    bytesPerSecond: 5 * MIB,
    percent: null,
    leftMs: null,
  });
  expect(paceOf(stateOf(told([[2_000, 150]])))).toMatchObject({ percent: null, leftMs: null });
});

it("measures a step from its begin to its first end", () => {
  const run = told([[1_000, 10]]);
  expect(run.elapsedMs(STEP.id)).toBeNull();
  run.take({ event: "end", ended: { step: STEP, outcome: "done", facts: null, problems: [] } }, 3_000);
  run.take({ event: "end", ended: { step: STEP, outcome: "failed", facts: null, problems: [] } }, 9_000);
  expect(run.elapsedMs(STEP.id)).toBe(3_000);
  expect(stateOf(run).outcome).toBe("failed");
});

it("ignores what is not in the plan", () => {
  const run = new RunState(aPlan(backupSteps()));
  expect(run.take({ event: "begin", step: STEP }, 0)).toBeNull();
  expect(run.running()).toEqual([]);
});

function told(points: readonly (readonly [number, number])[], totalMib: number | null = 100): RunState {
  const run = new RunState(aPlan([STEP]));
  run.take({ event: "begin", step: STEP }, 0);
  for (const [atMs, mib] of points) run.take(progress(STEP, mib, totalMib), atMs);
  return run;
}

function progress(step: Step, mib: number, totalMib: number | null) {
  const total = totalMib === null ? {} : { totalBytes: totalMib * MIB };
  return { event: "progress" as const, step, doneBytes: mib * MIB, ...total };
}

function stateOf(run: RunState) {
  const state = run.step(STEP.id);
  if (state === null) throw new Error("no such step");
  return state;
}
