import type { Instant } from "./instant.ts";
import type { DatabaseIdentity } from "./observation.ts";
import type { Step } from "./step.ts";

export const OPERATIONS = ["converge", "backup", "verify", "prune", "release", "restore"] as const;
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

/** What `plan E restore` was asked for. */
export interface RestoreRequest {
  readonly operation: "restore";
  /** null: the only one of the file. */
  readonly database: string | null;
  /** `latest`, a stamp, an instant (strictly at or before), or the name of a backup or of a file inside the prefix. */
  readonly point: { readonly at: string } | { readonly file: string };
  /** The environment whose backup it is; null: this one. */
  readonly from: string | null;
  /** null: the first readable one that has it. */
  readonly store: string | null;
  /** The name it gets; null: the declared database's own. */
  readonly into: string | null;
  readonly inPlace: boolean;
  /** Make a backup of what is there first. */
  readonly safetyBefore: boolean;
  /** Restore although the schema's revision is not that of the database there now. */
  readonly keepSchema: boolean;
  /** Logical slots of the replaced database are lost with it. */
  readonly acceptSlotLoss: boolean;
  /** Entries whose failure is accepted; a table's data must be named. */
  readonly tolerate: readonly string[];
  /** Everything goes into the database's own tablespace. */
  readonly noTablespaces: boolean;
  /** null: as the file says. */
  readonly jobs: number | null;
}

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
