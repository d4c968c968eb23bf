import type { Problem } from "../problems/problem.ts";

/** A failure that somebody accepted in a restore that ended well. */
export interface AcceptedFailure {
  /** The whole line of the entry, as the archive of that time had it: its numbers are of that archive alone. */
  readonly entry: string;
  /** Digest of the plan for which it was named. */
  readonly plan: string;
}

/** What the last restore of the same backups into the same database accepted, and had to. */
export type AcceptedBefore =
  | { readonly state: "read"; readonly failures: readonly AcceptedFailure[] }
  | { readonly state: "unreadable"; readonly problem: Problem };
