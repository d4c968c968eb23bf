import type { Problem } from "../problems/problem.ts";
import type { Plan } from "./plan.ts";

/** What planning gave: the plan, and what a person must know beside it. */
export interface Planned {
  readonly plan: Plan;
  /** Things that could not be looked at or must be mended; any error makes the exit code 1. */
  readonly problems: readonly Problem[];
  /** Warnings: missed slots, orphans, a prune that was withheld and why. */
  readonly notices: readonly Problem[];
  /** A verdict with its reasons for every backup in every store, sorted by database, store, name. */
  readonly decisions: readonly Decision[];
}

export interface Decision {
  readonly database: string;
  readonly store: string;
  readonly name: string;
  readonly verdict: "keep" | "prune" | "copy" | "orphaned" | "incomplete";
  readonly reasons: readonly string[];
}
