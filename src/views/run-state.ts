import type { Plan } from "../model/plan.ts";
import type { AppliedStep } from "../model/report.ts";
import type { Step } from "../model/step.ts";
import type { RunEvent } from "../ports/view.ts";
import { itemsOf, type PlanItem } from "./plan-items.ts";

/** How far one step is. Times are milliseconds of one clock. */
export interface StepState {
  readonly step: Step;
  beganAtMs: number | null;
  endedAtMs: number | null;
  outcome: AppliedStep["outcome"] | null;
  doneBytes: number | null;
  totalBytes: number | null;
  /** The newest last, ten seconds back at most: what the rate comes from. */
  samples: { readonly atMs: number; readonly bytes: number }[];
}

/** How fast and how long: null where there is not enough to tell. */
export interface Pace {
  readonly bytesPerSecond: number | null;
  /** Whole percent; null without an estimate, or past it. */
  readonly percent: number | null;
  readonly leftMs: number | null;
}

const WINDOW_MS = 10_000;
const SAMPLE_EVERY_MS = 250;

/** A run's state, and the clock that its events are dated with: milliseconds since the epoch. */
export interface Watch {
  readonly run: RunState;
  readonly now: () => number;
}

/** What a run's events add up to. Knows nothing of screens. */
export class RunState {
  readonly items: readonly PlanItem[];
  readonly #steps: ReadonlyMap<string, StepState>;

  constructor(plan: Plan) {
    this.items = itemsOf(plan.steps);
    this.#steps = new Map(plan.steps.map((step) => [step.id, newState(step)]));
  }

  /** Takes in one event; the step it is about, or null for a notice or a step that is not in the plan. */
  take(event: RunEvent, nowMs: number): StepState | null {
    if (event.event === "notice") return null;
    const id = event.event === "end" ? event.ended.step.id : event.step.id;
    const state = this.#steps.get(id) ?? null;
    if (state === null) return null;
    if (event.event === "begin") begin(state, nowMs);
    else if (event.event === "progress") progress(state, event, nowMs);
    else {
      state.endedAtMs ??= nowMs;
      state.outcome = event.ended.outcome;
    }
    return state;
  }

  step(id: string): StepState | null {
    return this.#steps.get(id) ?? null;
  }

  statesOf(item: PlanItem): readonly StepState[] {
    return item.steps.flatMap((step) => this.#steps.get(step.id) ?? []);
  }

  itemOf(step: Step): PlanItem | null {
    return this.items.find((item) => item.steps.some((one) => one.id === step.id)) ?? null;
  }

  /** Steps that began and have not ended, in plan order. */
  running(): readonly StepState[] {
    return [...this.#steps.values()].filter((one) => one.beganAtMs !== null && one.outcome === null);
  }

  /** Milliseconds from begin to end of a step; null when it did not run here. */
  elapsedMs(step: string): number | null {
    const state = this.#steps.get(step);
    if (state?.beganAtMs == null || state.endedAtMs === null) return null;
    return state.endedAtMs - state.beganAtMs;
  }
}

/** Rate over the last ten seconds, percent and time left of a step. */
export function paceOf(state: StepState): Pace {
  const first = state.samples[0];
  const last = state.samples.at(-1);
  const spanMs = first === undefined || last === undefined ? 0 : last.atMs - first.atMs;
  const bytesPerSecond =
    first === undefined || last === undefined || spanMs < 1_000
      ? null
      : ((last.bytes - first.bytes) * 1000) / spanMs;
  const { doneBytes, totalBytes } = state;
  if (doneBytes === null || totalBytes === null || totalBytes <= 0 || doneBytes > totalBytes) {
    return { bytesPerSecond, percent: null, leftMs: null };
  }
  return {
    bytesPerSecond,
    percent: Math.floor((doneBytes * 100) / totalBytes),
    leftMs:
      bytesPerSecond === null || bytesPerSecond <= 0
        ? null
        : ((totalBytes - doneBytes) * 1000) / bytesPerSecond,
  };
}

function newState(step: Step): StepState {
  return {
    step,
    beganAtMs: null,
    endedAtMs: null,
    outcome: null,
    doneBytes: null,
    totalBytes: null,
    samples: [],
  };
}

function begin(state: StepState, nowMs: number): void {
  state.beganAtMs = nowMs;
  state.samples = [{ atMs: nowMs, bytes: 0 }];
}

function progress(state: StepState, event: Extract<RunEvent, { event: "progress" }>, nowMs: number): void {
  state.beganAtMs ??= nowMs;
  state.doneBytes = event.doneBytes;
  if (event.totalBytes !== undefined) state.totalBytes = event.totalBytes;
  const last = state.samples.at(-1);
  if (last !== undefined && nowMs - last.atMs < SAMPLE_EVERY_MS) return;
  state.samples.push({ atMs: nowMs, bytes: event.doneBytes });
  while (state.samples.length > 2 && nowMs - (state.samples[0]?.atMs ?? nowMs) > WINDOW_MS)
    state.samples.shift();
}
