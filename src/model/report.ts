import type { Problem } from "../problems/problem.ts";
import type { AuditEntry, Facts } from "./audit-entry.ts";
import type { Backup } from "./backup.ts";
import type { Instant } from "./instant.ts";
import type { Plan } from "./plan.ts";
import type { Planned } from "./planned.ts";
import type { Step } from "./step.ts";

/** The result of one command, as data: a view prints it for people or as JSON. */
export type Report =
  /** An environment file was written. */
  | { readonly kind: "initialised"; readonly file: string; readonly next: readonly string[] }
  /** The declared stores carry their mark. */
  | { readonly kind: "marked"; readonly environment: string; readonly stores: readonly MarkedStore[] }
  | { readonly kind: "validated"; readonly files: readonly string[] }
  | { readonly kind: "observed"; readonly environment: string; readonly file: string }
  /** `file`: where the plan was written; null: nowhere. */
  | {
      readonly kind: "planned";
      readonly planned: Planned;
      readonly file: string | null;
      readonly environmentFile: string;
    }
  | { readonly kind: "shown"; readonly plan: Plan }
  | { readonly kind: "rehearsed"; readonly plan: Plan; readonly steps: readonly RehearsedStep[] }
  | { readonly kind: "applied"; readonly applied: Applied }
  | { readonly kind: "backups"; readonly environment: string; readonly rows: readonly BackupRow[] }
  | { readonly kind: "status"; readonly environments: readonly EnvironmentStatus[] }
  | { readonly kind: "checked"; readonly environments: readonly EnvironmentStatus[] }
  | { readonly kind: "audited"; readonly environment: string; readonly entries: readonly AuditEntry[] }
  | {
      readonly kind: "audit-verified";
      readonly environment: string;
      readonly scopes: readonly VerifiedScope[];
    }
  | { readonly kind: "locks"; readonly environment: string; readonly locks: readonly LockRow[] }
  | {
      readonly kind: "lock-broken";
      readonly environment: string;
      readonly scope: string;
      readonly epoch: number;
    }
  | { readonly kind: "diagnosed"; readonly environment: string; readonly checks: readonly Check[] };

export interface MarkedStore {
  readonly store: string;
  readonly storeId: string;
  readonly state: "marked" | "already marked";
}

/** `standing` in the words of `Standing`, with what it stands for. */
export interface RehearsedStep {
  readonly step: Step;
  readonly standing: "ready" | "waiting" | "done" | "blocked";
  /** waiting: what for; done: the evidence. */
  readonly detail: string | null;
  readonly problem: Problem | null;
}

/**
 * How a run ended. `left` are steps that `dbops run` may not do by itself, `unseen` is how many things it could not look at
 * or must not touch, so that nothing was planned for them.
 */
export interface Applied {
  readonly plan: Plan;
  readonly outcome: "applied" | "failed" | "interrupted" | "nothing to do";
  readonly resumed: boolean;
  readonly steps: readonly AppliedStep[];
  readonly left: readonly Step[];
  readonly unseen: number;
  readonly elapsedMs: number;
  /** A restore failed only at some entries, and this plan goes on without them. */
  readonly followUp?: FollowUp;
}

export interface FollowUp {
  readonly file: string;
  /** Its digest. */
  readonly plan: string;
}

export interface AppliedStep {
  readonly step: Step;
  /** `earlier`: an earlier attempt had done it. `skipped`: something it needs failed, or the run stopped before. */
  readonly outcome: "done" | "earlier" | "failed" | "skipped";
  readonly facts: Facts | null;
  /** Why it was done without an effect of its own: its end state held already. */
  readonly evidence?: string | null;
  /** Of a step that failed only with another one of its pipeline, which has the problems: the id of that one. */
  readonly stoppedWith?: string;
  readonly problems: readonly Problem[];
}

export interface BackupRow {
  readonly backup: Backup;
  /** Every store that has it, with the verdict there. */
  readonly stores: readonly {
    readonly store: string;
    readonly state: Backup["state"];
    readonly verdict: "keep" | "prune" | "copy" | "orphaned" | "incomplete";
    readonly reasons: readonly string[];
  }[];
}

export interface EnvironmentStatus {
  readonly environment: string;
  readonly protected: boolean;
  readonly databases: readonly DatabaseStatus[];
  /** Unreadable stores, orphans, missed slots: what the person should know, errors first. */
  readonly problems: readonly Problem[];
}

export interface DatabaseStatus {
  readonly database: string;
  readonly stores: readonly {
    readonly store: string;
    /** null: could not be looked at, or there is none (`readable` tells). */
    readonly readable: boolean;
    readonly newestAt: Instant | null;
    readonly ageMs: number | null;
    readonly complete: number;
    readonly bytes: number;
  }[];
  /** Newest slot that ought to be covered by now; null without a schedule. */
  readonly dueAt: Instant | null;
  readonly nextAt: Instant | null;
  /** Every store of the database could be looked at, and none is overdue. */
  readonly fresh: boolean;
}

export interface VerifiedScope {
  readonly scope: string;
  readonly entries: number;
  /** anchored: the lock's head names the last entry; unanchored: entries at the end could be missing. */
  readonly state: "consistent, anchored" | "consistent, not anchored" | "broken";
  readonly problem: Problem | null;
}

export interface LockRow {
  readonly scope: string;
  readonly state: "held" | "free" | "expired";
  readonly holder: string | null;
  readonly plan: string | null;
  readonly epoch: number;
  readonly sinceAt: Instant;
}

/** One finding of `doctor`. */
export interface Check {
  readonly subject: string;
  readonly state: "good" | "bad" | "unknown";
  readonly detail: string;
  readonly fix: string | null;
}
