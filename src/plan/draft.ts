import type { Decision } from "../model/planned.ts";
import type { Step } from "../model/step.ts";
import type { Problem } from "../problems/problem.ts";

/** What one operation came to, before it is sealed into a plan. */
export interface Draft {
  readonly steps: readonly Step[];
  readonly problems: readonly Problem[];
  readonly notices: readonly Problem[];
  readonly decisions: readonly Decision[];
}

export const NOTHING: Draft = { steps: [], problems: [], notices: [], decisions: [] };

/** One after the other. */
export function joinDrafts(drafts: readonly Draft[]): Draft {
  return {
    steps: drafts.flatMap((one) => one.steps),
    problems: drafts.flatMap((one) => one.problems),
    notices: drafts.flatMap((one) => one.notices),
    decisions: drafts.flatMap((one) => one.decisions),
  };
}
