import type { Problem } from "../problems/problem.ts";
import type { AcceptedBefore } from "./accepted-before.ts";
import type { DatabaseInside } from "./in-place.ts";
import type { Instant } from "./instant.ts";
import type { Manifest } from "./manifest.ts";
import type { DumpHead } from "./plain-dump/dump-head.ts";
import type { DatabaseLocale, DatabaseProperties, TargetObservation } from "./restore-target.ts";

/** One line of an archive's table of contents, as `pg_restore -l` shows it. */
export interface ArchiveEntry {
  /** pg_restore's own number in this archive. */
  readonly id: number;
  /** The whole line behind the number: `1259 16390 TABLE public users app`. Names it in plans and reports. */
  readonly text: string;
  /** `TABLE`, `TABLE DATA`, `EVENT TRIGGER`, … */
  readonly type: string;
  /** Namespace, tag and owner, which cannot be told apart for certain: all three may hold spaces. */
  readonly rest: string;
}

/** What a backup says about itself before a byte of it is loaded. */
export type BackupContents =
  | {
      readonly state: "read";
      readonly manifest: Manifest;
      /** In the archive's order. */
      readonly entries: readonly ArchiveEntry[];
      readonly detail: BackupDetail;
      /** Roles that the globals make, sorted. */
      readonly roles: readonly string[];
    }
  | PlainContents
  /** Its manifest could be read, its content not: no identity is at hand, or the head is damaged. */
  | { readonly state: "sealed"; readonly manifest: Manifest; readonly problem: Problem }
  | { readonly state: "unreadable"; readonly problem: Problem };

/** What the runbook's file says about itself, its checksum and the first lines of the dump in it: no more is looked at. */
export interface PlainContents extends DumpHead {
  readonly state: "plain";
  /** Of the file, encrypted and compressed. */
  readonly storedBytes: number;
  /** What the checksum beside it says, lower-case hex. */
  readonly sha256: string;
}

/** The part of detail.json that a restore decides on. */
export interface BackupDetail {
  /** null in the detail of a dbops that did not write it. */
  readonly endpoint: string | null;
  readonly systemIdentifier: string | null;
  /** Its name on the server. */
  readonly database: string | null;
  readonly oid: number | null;
  readonly serverVersion: string;
  readonly sizeBytes: number;
  readonly properties: DatabaseProperties;
  readonly tables: readonly DetailTable[];
  readonly extensions: readonly {
    readonly name: string;
    readonly version: string;
    readonly schema: string;
  }[];
  readonly largeObjects: number;
  readonly eventTriggers: readonly string[];
  readonly subscriptions: readonly string[];
  /** Not given: not known. Only a superuser makes one of all tables. */
  readonly publications?: readonly { readonly name: string; readonly allTables: boolean }[];
}

export interface DetailTable {
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "partition" | "partitioned table" | "materialized view" | "foreign table";
  readonly bytes: number;
  readonly rowsEstimate: number | null;
  /**
   * Counted in the snapshot of the dump; null or not given: not counted. No archive brings rows of a partitioned table itself, a
   * materialized view (which a restore fills anew), a foreign table or a table of an extension: those are never counted.
   */
  readonly rows?: number | null;
}

export type InsideObservation =
  | ({ readonly state: "read" } & DatabaseInside)
  | { readonly state: "unreadable"; readonly problem: Problem };

/** What a restore needs to be planned, beside stores and databases. */
export interface RestoreObservation {
  /** The environment whose backup it is. */
  readonly from: string;
  readonly database: string;
  readonly backup: string;
  readonly store: string;
  readonly observedAt: Instant;
  readonly contents: BackupContents;
  /** The name on the server that the restored database gets; `target.live` is what has it now. */
  readonly live: string;
  readonly target: TargetObservation;
  /** What stands in the live database, where it is to be restored in place; not given: it is not, or there is none. */
  readonly inside?: InsideObservation;
  /** Of the declared database, where the restored one gets another name and does not tell its own; null: there is none. */
  readonly declaredLocale?: DatabaseLocale | null;
  /** The declared SQL files and what they hold now, in order; paths start from the environment's base folder. */
  readonly sanitize: readonly { readonly path: string; readonly sha256: string }[];
  /** What the last such restore accepted; not given: nothing. */
  readonly accepted?: AcceptedBefore;
}
