import type { AcceptedFailure } from "./accepted-before.ts";
import type { SchemaMoves } from "./in-place.ts";
import type { DatabaseProperties } from "./restore-target.ts";
import type { BackupReference, StepBase } from "./step.ts";

/** Source: the objects of one backup out of one store, each compared with its manifest, or its checksum, while it passes. */
export interface DownloadStep extends StepBase {
  readonly kind: "download";
  readonly artifact: string;
  /** Whose stores and backups; this plan's own environment, or the one given by `--from`. */
  readonly from: string;
  readonly backup: string;
  /** Not given: dbops' own folder. */
  readonly layout?: "classic";
  readonly store: string;
  /** When it was planned: of its manifest.json (classic: of the file), and what the checksum beside a classic one said. */
  readonly expect: { readonly etag: string; readonly sha256?: string };
}

/** Transform: every part out of its age file, or as it is where it was not encrypted. */
export interface DecryptStep extends StepBase {
  readonly kind: "decrypt";
  readonly artifact: string;
}

/** Action: an empty side database from template0, closed before anything is in it. */
export interface CreateStep extends StepBase {
  readonly kind: "create";
  readonly name: string;
  readonly backup: string;
  /** Encoding, locale and provider of the source; the rest is carried over at the swap. */
  readonly like: Pick<
    DatabaseProperties,
    "encoding" | "collate" | "ctype" | "localeProvider" | "icuLocale" | "icuRules"
  >;
  /** Given in a follow-up plan: the side database is there, loaded but for entries that failed, and is taken over as it stands. */
  readonly continues?: {
    /** Digest of the plan that loaded it. */
    readonly plan: string;
    /** `failedDigest` of the entries that failed; the load of this plan tolerates them. */
    readonly failed: string;
    /** `schema.name` of tables that are not in the archive because an extension makes them. */
    readonly unlisted: readonly string[];
  };
}

/**
 * Sink: the archive into the side database: pre-data and data from the stream, then post-data in parallel; a plain dump in one
 * transaction.
 */
export interface LoadStep extends StepBase {
  readonly kind: "load";
  readonly artifact: string;
  /** The side database, or where it is restored in place the live one. */
  readonly into: string;
  /** What psql runs; not given: an archive. A plain dump has no entries, and one session loads it. */
  readonly format?: "sql";
  /** Of a plain dump, whose schema nobody knows: `--schema keep` was given, so its tables may be others than those that it replaces. */
  readonly schema?: "keep";
  /** Given where it is loaded in place: the schema that says what was moved aside for it. */
  readonly marker?: string;
  /** Parallel sessions for indexes and constraints. */
  readonly jobs: number;
  /** Tables and indexes go into the database's own tablespace, whichever they had; not given: into the one they had. */
  readonly tablespaces?: "ignore";
  /** Entries that are left out, in the archive's order, each for a stated reason. */
  readonly skip: readonly { readonly entry: string; readonly why: string }[];
  /** Entries whose failure was looked at and accepted, sorted. */
  readonly tolerate: readonly string[];
  /** Those of `tolerate` that nobody named for this plan, and the plan for which somebody did; see `AcceptedFailure`. Not given: none. */
  readonly acceptedBefore?: readonly AcceptedFailure[];
}

/** Action: statistics, which no archive brings back. */
export interface AnalyzeStep extends StepBase {
  readonly kind: "analyze";
  readonly name: string;
}

/** Action: SQL files in the side database, before anyone can connect. */
export interface SanitizeStep extends StepBase {
  readonly kind: "sanitize";
  readonly name: string;
  /** In order; refused when a file is another one by now. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/** Action: the restored database against the backup's detail and the declared checks. */
export interface VerifyDatabaseStep extends StepBase {
  readonly kind: "verify";
  readonly type: "database";
  /** The side database. */
  readonly name: string;
  /** Entries that were left out or tolerated: their tables are not expected. */
  readonly without: readonly string[];
  /** Each query gives one row with one column, which must be true. */
  readonly checks: readonly { readonly name: string; readonly sql: string }[];
}

/** Action: the application answers. */
export interface VerifyHttpStep extends StepBase {
  readonly kind: "verify";
  readonly type: "http";
  readonly urls: readonly string[];
}

/** Action: side takes the name, what had it is kept beside, in one transaction. */
export interface SwapDatabaseStep extends StepBase {
  readonly kind: "swap";
  readonly type: "database";
  readonly side: string;
  /** The name it gets. */
  readonly live: string;
  /** The name of what had it before. */
  readonly old: string;
  readonly backup: string;
  readonly expect: {
    /** Of the database that has the name now; null: nothing has. */
    readonly liveOid: number | null;
  };
  /** Logical slots of the replaced database whose loss was accepted by name, sorted. */
  readonly lostSlots: readonly string[];
  /** Of the backup, for a name that nothing had; null: carried over from the replaced database. */
  readonly properties: DatabaseProperties | null;
}

/**
 * Action of a restore without a database of its own: the schemas of the live one are renamed aside, and what is loaded in their place is
 * kept, or given up.
 */
export interface SwapSchemasStep extends StepBase {
  readonly kind: "swap";
  readonly type: "schemas";
  /**
   * aside: before the load · keep: what was loaded and checked stays, and the database is opened · back: where it was not,
   * everything gets its name again.
   */
  readonly direction: "aside" | "keep" | "back";
  /** The database. */
  readonly live: string;
  readonly backup: string;
  /** The schema whose comment tells how far it is. */
  readonly marker: string;
  /** null unless aside. */
  readonly moves: SchemaMoves | null;
  readonly expect: { readonly liveOid: number };
  /** Logical slots whose subscribers are sent what is loaded, which was accepted by name, sorted. */
  readonly lostSlots: readonly string[];
}

/** @discriminator type */
export type SwapStep = SwapDatabaseStep | SwapSchemasStep;

/** Action: removes a database that a restore replaced, or one that was never finished. */
export interface DropStep extends StepBase {
  readonly kind: "drop";
  readonly name: string;
  readonly expect: {
    readonly oid: number;
    /** A complete backup of it, made after it was replaced; null: given up by `--discard`, or it was only a side database. */
    readonly backup: BackupReference | null;
  };
}
