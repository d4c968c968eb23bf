import type { Readable } from "node:stream";
import type { ArchiveEntry, DetailTable } from "../model/archive-contents.ts";
import type { DatabaseProperties, MadeNote, TargetObservation } from "../model/restore-target.ts";
import type { InPlaceTarget } from "./in-place-target.ts";
import type { Snapshot } from "./postgres.ts";

/**
 * The server of one declared database, reached as its admin role on a maintenance database. Admin credentials are resolved
 * at the first call and never before. Everything but `inspect` throws a DbopsError.
 */
export interface RestoreTarget {
  /** The declared database's own name on the server, as its connection says it; asks nobody, and throws a DbopsError. */
  liveName(signal: AbortSignal): Promise<string>;

  /** Looks, and changes nothing; what cannot be reached is a value. `live`: the name that a restore would take. */
  inspect(live: string, signal: AbortSignal): Promise<TargetObservation>;

  /** null when there is no database of this name. */
  find(name: string, signal: AbortSignal): Promise<FoundDatabase | null>;

  /**
   * CREATE DATABASE from template0 with this note as its comment, then REVOKE CONNECT from everyone but its owner, the
   * admin role; resolves with its oid. DATABASE_EXISTS when the name is taken.
   */
  create(name: string, like: NewDatabase, note: MadeNote, signal: AbortSignal): Promise<number>;

  /** Replaces the note; refuses a database with another oid (TARGET_CHANGED). */
  setNote(database: NamedDatabase, note: MadeNote, signal: AbortSignal): Promise<void>;

  /**
   * Drops it, sessions included (FORCE), when its oid is this one and its name is one that dbops makes; TARGET_CHANGED
   * otherwise. A database that is gone is done. Subscriptions in it are detached first (slot_name NONE), so that a
   * publisher's slot is never dropped.
   */
  drop(database: NamedDatabase, signal: AbortSignal): Promise<void>;

  /**
   * Loads an archive (pg_dump's custom format, uncompressed) into an empty database: pre-data and data from the stream, then
   * post-data with `jobs` sessions from its head. Constant memory; the head stands in a file of mode 0600 on a memory file system
   * and is gone afterwards. The stream is read to its end. Resolves when every pg_restore has ended; which entries failed is in the report, and a
   * failure that concerns no entry throws LOAD_FAILED. The caller decides what the failures mean.
   */
  load(load: Load, signal: AbortSignal): Promise<LoadReport>;

  /** As `Postgres.openSnapshot`, of another database of the server, as the admin role; TARGET_CHANGED when its oid is another one. */
  openSnapshot(database: NamedDatabase, signal: AbortSignal): Promise<Snapshot>;

  /** ANALYZE of every table of the database, in at most `jobs` sessions. */
  analyze(request: AnalyzeRequest, signal: AbortSignal): Promise<void>;

  /** Runs a script, statements and psql's `\` commands refused alike where they would leave the session (`\!`, `\c`, COPY … PROGRAM). */
  runScript(
    name: string,
    script: { readonly path: string; readonly text: string },
    signal: AbortSignal,
  ): Promise<void>;

  /** What stands in it, as detail.json lists tables, sorted by schema and name; `rows` as `reltuples` has it. */
  tables(name: string, signal: AbortSignal): Promise<readonly DetailTable[]>;

  /**
   * Counts the rows of these tables, each without those of tables that inherit from it, in at most `jobs` sessions and without a time limit. In
   * no order; a table that is not there is not in it.
   */
  countRows(request: CountRequest, signal: AbortSignal): Promise<readonly CountedTable[]>;

  /** One row, one column, in a read-only transaction with a time limit. */
  ask(name: string, sql: string, signal: AbortSignal): Promise<unknown>;

  /**
   * One transaction on the maintenance database: compares both oids, carries over owner, privileges, settings, connection limit and
   * comment, ends sessions of both, renames live → old (closed, with its note as comment) and side → live, commits. Tried again,
   * with a bound, while clients reconnect. TARGET_CHANGED when an oid is another one; SWAP_FAILED when it did not get through:
   * then nothing was renamed. After a lost connection it looks which of the two it is.
   */
  swap(swap: Swap, signal: AbortSignal): Promise<void>;

  /** The same for a restore that has no database of its own. */
  readonly inPlace: InPlaceTarget;
}

export interface NamedDatabase {
  readonly name: string;
  readonly oid: number;
}

export type NewDatabase = Pick<
  DatabaseProperties,
  "encoding" | "collate" | "ctype" | "localeProvider" | "icuLocale" | "icuRules"
>;

export interface AnalyzeRequest {
  /** Of the database. */
  readonly name: string;
  readonly jobs: number;
}

export interface CountRequest {
  /** Of the database. */
  readonly name: string;
  /** The largest come first. */
  readonly tables: readonly Pick<DetailTable, "schema" | "name" | "bytes">[];
  readonly jobs: number;
  /** Told after each table, with its bytes as they are given here. */
  onCounted(bytes: number): void;
}

export interface CountedTable {
  readonly schema: string;
  readonly name: string;
  /** Of a partition: `schema.name` of the outermost table that it is one of; null: it is no partition. */
  readonly root: string | null;
  /** null: the admin role may not read all of it. */
  readonly rows: number | null;
}

export interface FoundDatabase extends NamedDatabase {
  readonly note: MadeNote | null;
  /** Nobody can connect but superusers and the admin role. */
  readonly isClosed: boolean;
  readonly properties: DatabaseProperties;
}

export interface Load {
  readonly into: NamedDatabase;
  /**
   * sql: `archive` is a plain dump, loaded in one transaction whose COMMIT waits for the dump's trailer; `jobs`, `skip` and `madeBy` do not
   * count, and the first failure throws LOAD_FAILED. Not given: archive.
   */
  readonly format?: "archive" | "sql";
  /** Given for a database that is restored in place: empty is what its marker says that it loads into. */
  readonly inPlace?: { readonly marker: string; readonly plan: string };
  readonly archive: Readable;
  /** The version line of the pg_dump that wrote it. */
  readonly madeBy: string;
  readonly jobs: number;
  /** Texts of entries that are left out. */
  readonly skip: readonly string[];
  /** Tables and indexes go into the database's own tablespace, whichever they had; not given: false. */
  readonly ignoreTablespaces?: boolean;
  /** Bytes of the archive so far. */
  onProgress(bytes: number): void;
}

export interface LoadReport {
  /** pg_restore's own version line. */
  readonly program: string;
  /** The archive's entries, in its order. */
  readonly entries: readonly ArchiveEntry[];
  readonly failures: readonly LoadFailure[];
  readonly warnings: readonly string[];
  /** How many tables a plain dump makes; not given: of an archive the entries tell. */
  readonly tables?: number;
}

/** One error of pg_restore; never a statement, DETAIL or CONTEXT, which may hold data. */
export interface LoadFailure {
  /** Text of the entry; null when pg_restore named none. */
  readonly entry: string | null;
  /** The server's message, its first line. */
  readonly message: string;
  readonly sqlstate: string | null;
}

export interface Swap {
  readonly side: NamedDatabase;
  /** The name it gets. */
  readonly live: string;
  /** null: nothing has that name. */
  readonly liveOid: number | null;
  /** The name of what had it before. */
  readonly old: string;
  readonly note: MadeNote;
  /** Given where nothing has the name; else they are carried over. */
  readonly properties: DatabaseProperties | null;
}
