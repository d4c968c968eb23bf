import { DbopsError } from "../problems/dbops-error.ts";

/**
 * True for the error of a step that failed for a reason of its own while the run was being interrupted: dbops threw it
 * on purpose, and the interrupt is not behind it. What an interrupt tears down fails with the signal's reason (the
 * contract of the ports), or with whatever its streams make of it.
 */
export function failedByItself(error: unknown, reason: unknown): boolean {
  if (!(error instanceof DbopsError)) return false;
  for (let cause: unknown = error.cause; cause !== undefined; cause = causeOf(cause))
    if (cause === reason) return false;
  return !error.is("INTERNAL");
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
