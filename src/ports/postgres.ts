import type { Readable } from "node:stream";
import type { Facts } from "../model/audit-entry.ts";
import type { Instant } from "../model/instant.ts";
import type { DatabaseIdentity, DatabaseObservation } from "../model/observation.ts";

/** One declared database, reached as its backup role. Opening a connection never asks for more than SELECT. */
export interface Postgres {
  /**
   * Looks, in one short session: identity, version, size, clock, and everything that a dump would miss or fail on.
   * Not reached, refused, missing are values (`unreadable`), never an exception.
   */
  inspect(signal: AbortSignal): Promise<DatabaseObservation>;

  /** Opens a session of its own, REPEATABLE READ READ ONLY, and exports its snapshot. Throws a DbopsError. */
  openSnapshot(signal: AbortSignal): Promise<Snapshot>;
}

/** A moment of one database that stays still until `close`. */
export interface Snapshot {
  readonly identity: DatabaseIdentity;
  /** The server's clock in the snapshot (a replica's replay time), with microseconds. */
  readonly at: Instant;
  /** As the server prints it, `15.18`. */
  readonly serverVersion: string;
  readonly sizeBytes: number;
  readonly schemaRevision: string | null;
  /** The content of detail.json but for the warnings of the dump: tables, properties, extensions, omissions. JSON. */
  readonly detail: Facts;

  /** pg_dump's custom format, uncompressed, of exactly this snapshot. */
  dump(signal: AbortSignal): Promise<ProgramOutput>;

  /** pg_dump's plain SQL of exactly this snapshot, with its trailer as the last line. */
  dumpSql(signal: AbortSignal): Promise<ProgramOutput>;

  /**
   * Locks every table whose rows an archive brings, so that none is emptied or rewritten until `close` (MVCC knows neither), and then
   * counts them one after another in this very snapshot. Resolves when all are locked: a dump that begins then has the same rows.
   */
  countRows(signal: AbortSignal): Promise<RowCounting>;

  /** Roles and tablespaces without passwords, as SQL. Not part of the snapshot: PostgreSQL has none across databases. */
  globals(signal: AbortSignal): Promise<ProgramOutput>;

  /** Ends the session. Never throws. */
  close(): Promise<void>;
}

export interface RowCounting {
  /** Sorted by schema and name. Rejects with the table that could not be counted (a handler is attached: no unhandled rejection). */
  readonly counts: Promise<readonly RowCount[]>;
}

export interface RowCount {
  readonly schema: string;
  readonly name: string;
  /** Its own, without those of tables that inherit from it. */
  readonly rows: number;
}

/**
 * The output of a child process. `body` ends only after the process exited with 0 *and* its stderr was read and understood;
 * any other outcome destroys it with a DbopsError (DUMP_FAILED, TOOL_MISSING, …).
 */
export interface ProgramOutput {
  readonly body: Readable;
  /** Takes the memory of a chunk of `body` that nobody looks at any more, for a later one. Never needed. */
  recycle(chunk: Buffer): void;
  /** Resolves no later than the end of `body`. Rejects when it fails (a handler is attached: no unhandled rejection). */
  readonly settled: Promise<ProgramReport>;
}

export interface ProgramReport {
  /** `pg_dump (PostgreSQL) 15.18`. */
  readonly version: string;
  /** Lines of stderr that are warnings, not errors. */
  readonly warnings: readonly string[];
}
