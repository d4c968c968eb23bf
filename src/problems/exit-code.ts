import type { Problem, ProblemCode } from "./problem.ts";

/** The exit codes of contract 1. */
export const EXIT = {
  done: 0,
  failed: 1,
  changes: 2,
  invalid: 3,
  stale: 4,
  locked: 5,
  unconfirmed: 6,
  bug: 70,
  interrupted: 130,
} as const;

const BY_CODE: Partial<Record<ProblemCode, number>> = {
  INTERNAL: EXIT.bug,
  INTERRUPTED: EXIT.interrupted,
  USAGE: EXIT.invalid,
  CONFIG_INVALID: EXIT.invalid,
  CONFIG_UNREADABLE: EXIT.invalid,
  PLAN_INVALID: EXIT.invalid,
  PLAN_EDITED: EXIT.stale,
  PLAN_EXPIRED: EXIT.stale,
  PLAN_APPLIED: EXIT.stale,
  PLAN_STALE: EXIT.stale,
  TARGET_CHANGED: EXIT.stale,
  LOCKED: EXIT.locked,
  CONFIRMATION_NEEDED: EXIT.unconfirmed,
};

/** Decides the exit code for a set of problems: a bug first, then an interrupt, then the first error; warnings do not count. */
export function exitCodeOf(problems: readonly Problem[]): number {
  const codes = problems
    .filter((one) => one.severity === "error")
    .map((one) => BY_CODE[one.code] ?? EXIT.failed);
  if (codes.includes(EXIT.bug)) return EXIT.bug;
  if (codes.includes(EXIT.interrupted)) return EXIT.interrupted;
  return codes[0] ?? EXIT.done;
}
