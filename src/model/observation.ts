import type { Problem } from "../problems/problem.ts";
import type { Backup } from "./backup.ts";
import type { Instant } from "./instant.ts";
import type { MadeDatabase } from "./restore-target.ts";

/**
 * What the world looked like: enough to plan from on a machine that holds no secret and has no network.
 * `unreadable` is a state of its own and never means empty.
 */
export interface Observation {
  readonly formatVersion: 1;
  readonly environment: string;
  readonly observedAt: Instant;
  /** By store name. */
  readonly stores: Readonly<Record<string, StoreObservation>>;
  /** By database name. */
  readonly databases: Readonly<Record<string, DatabaseObservation>>;
}

export type StoreObservation =
  | {
      readonly state: "readable";
      /** From the store's mark. */
      readonly storeId: string;
      /** The store's own clock when it was looked at. */
      readonly clockAt: Instant;
      /** By database name; databases of the file, and orphaned ones that the records store knows. */
      readonly listings: Readonly<Record<string, Listing>>;
    }
  | { readonly state: "unreadable"; readonly problem: Problem };

export type Listing =
  | {
      readonly state: "listed";
      /** Complete and incomplete ones, sorted by name. */
      readonly backups: readonly Backup[];
      /** Multipart uploads or temporary files that nobody finished, sorted by key. */
      readonly uploads: readonly UnfinishedUpload[];
    }
  | { readonly state: "unreadable"; readonly problem: Problem };

export interface UnfinishedUpload {
  readonly key: string;
  readonly id: string;
  readonly startedAt: Instant;
}

export type DatabaseObservation =
  | {
      readonly state: "reachable";
      readonly identity: DatabaseIdentity;
      /** As the server prints it, `15.18`. */
      readonly serverVersion: string;
      readonly sizeBytes: number;
      readonly clockAt: Instant;
      /** What a dump would miss or fail on, each with its GRANT; errors here stop a backup. */
      readonly problems: readonly Problem[];
      /** Databases that restores made on this server and left for later; not given: none. */
      readonly made?: readonly MadeDatabase[];
    }
  | { readonly state: "unreadable"; readonly problem: Problem };

/** Tells one database from another; a clone has the same identifier and oid, so the endpoint decides first. */
export interface DatabaseIdentity {
  /** `host:port`, a socket folder, or `service:NAME`. */
  readonly endpoint: string;
  readonly database: string;
  /** null where the role may not ask for it. */
  readonly systemIdentifier: string | null;
  readonly oid: number;
}
