import type { Problem } from "../problems/problem.ts";

/**
 * A result for people. `body` and `end` go to stdout; `problems` go to stderr between the two, so that on a terminal
 * the last line is the verdict. `news` tells whether --quiet leaves the body and the end out: it was done, not asked for.
 */
export interface Text {
  readonly body: readonly string[];
  readonly problems: readonly Problem[];
  readonly end: readonly string[];
}
