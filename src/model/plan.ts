import type { Instant } from "./instant.ts";
import type { DatabaseIdentity } from "./observation.ts";
import type { Step } from "./step.ts";

export const OPERATIONS = ["converge", "backup", "verify", "prune", "release"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What was asked for. */
export type Request =
  | { readonly operation: "converge" }
  | {
      readonly operation: "backup";
      /** null: every database of the file. */
      readonly database: string | null;
      readonly label: string | null;
      readonly hold: boolean;
      /** null: the first store of the database. */
      readonly store: string | null;
    }
  | { readonly operation: "prune"; readonly database: string | null; readonly orphan: string | null }
  /** null: the newest of every database in every store. */
  | { readonly operation: "verify"; readonly backup: string | null }
  | { readonly operation: "release"; readonly backup: string };

/** A plan as the file holds it: deterministic, free of secrets, bound to what it was made from. */
export interface Plan {
  readonly version: 1;
  /** SHA-256 of the canonical JSON of everything else. */
  readonly plan: string;
  readonly environment: string;
  readonly operation: Operation;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  /** Digest of the used form of the databases and stores that its steps name. */
  readonly config: string;
  readonly targets: Targets;
  readonly summary: Summary;
  readonly steps: readonly Step[];
}

/** What the plan was made for; apply refuses another. */
export interface Targets {
  /** storeId by store name. */
  readonly stores: Readonly<Record<string, string>>;
  readonly databases: Readonly<Record<string, DatabaseIdentity>>;
}

/** Steps with an effect; a pipeline counts once. */
export interface Summary {
  readonly add: number;
  readonly change: number;
  readonly destroy: number;
}
