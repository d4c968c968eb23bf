import type { Problem } from "../problems/problem.ts";
import type { Plan } from "./plan.ts";

/** What planning comes to: the plan itself, and what people have to know beside it. */
export interface Planned {
  readonly plan: Plan;
  /** How many steps `--target` and `--except` took out of it. */
  readonly leftOut: number;
  /** What could not be looked at or must not be; with one of severity error the exit code is 1 and nothing is "No changes". */
  readonly problems: readonly Problem[];
  /** Warnings: missed slots, orphans, work in progress, deletions that were held back and why. */
  readonly notices: readonly Problem[];
  /** One for every backup in every store, and for every copy that is missing; sorted by database, store, name. */
  readonly decisions: readonly Decision[];
}

export interface Decision {
  readonly database: string;
  readonly store: string;
  /** Of the backup. */
  readonly name: string;
  /**
   * keep, prune: it is there; copy: it is missing there and is copied; orphaned: its database, or its store for this
   * database, is in no file; incomplete: it is no restore point.
   */
  readonly verdict: "keep" | "prune" | "copy" | "orphaned" | "incomplete";
  /** For people; never empty. */
  readonly reasons: readonly string[];
}
