import type { Problem } from "../problems/problem.ts";
import type { Instant } from "./instant.ts";

/** JSON that later steps, the manifest and the journal need to know. */
export type Facts = Readonly<Record<string, unknown>>;

/** One object of a scope's journal; `previous` chains it to the one before. */
export interface AuditEntry {
  readonly formatVersion: 1;
  readonly scope: string;
  /** From 1, without gaps. */
  readonly number: number;
  /** The epoch of the lock that it was written under. */
  readonly epoch: number;
  readonly at: Instant;
  readonly plan: string;
  /** Who ran it: user@host, process id. */
  readonly actor: string;
  readonly events: readonly AuditEvent[];
  /** SHA-256 of the canonical JSON of the entry before; null for number 1. */
  readonly previous: string | null;
}

export type AuditEvent =
  /** A plan (again) begins in this scope. */
  | {
      readonly event: "plan";
      readonly environment: string;
      readonly operation: string;
      readonly attempt: number;
    }
  | { readonly event: "begin"; readonly step: string }
  /** Facts before the end: `bound` (the name of a new backup), `sealed` (its whole manifest). */
  | { readonly event: "noted"; readonly step: string; readonly facts: Facts }
  | { readonly event: "end"; readonly step: string; readonly facts: Facts; readonly evidence?: string }
  | { readonly event: "failed"; readonly step: string; readonly problems: readonly Problem[] }
  | { readonly event: "interrupted" }
  /** Every step of the plan in this scope has ended well. */
  | { readonly event: "applied" }
  /** The chain went on after a broken lock. */
  | { readonly event: "lock-broken"; readonly reason: string };
