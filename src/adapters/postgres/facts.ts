import type { DatabaseIdentity } from "../../model/observation.ts";
import type { Session } from "./session.ts";
import type { Target } from "./target.ts";

/** What a session tells about the server and the database it reached. */
export interface DatabaseFacts {
  readonly identity: DatabaseIdentity;
  /** `15.18`. */
  readonly serverVersion: string;
  readonly serverMajor: number;
  readonly sizeBytes: number;
  /** The server's clock with microseconds; a replica's replay time, or its last checkpoint's when nothing was replayed yet. */
  readonly clockAt: string;
  readonly isReplica: boolean;
  /** The role's search path as it is in force, in order. */
  readonly searchPath: readonly string[];
  readonly isSuperuser: boolean;
}

/** Reads them with one statement, the first that looks into a snapshot when `exportsSnapshot` is set. */
export async function readFacts(
  session: Session,
  target: Target,
  exportsSnapshot: boolean,
): Promise<DatabaseFacts & { readonly snapshotId: string | null }> {
  const [row] = await session.query<Row>(
    `SELECT ${exportsSnapshot ? "pg_export_snapshot()" : "NULL"} AS snapshot, ${FACTS}`,
  );
  if (row === undefined) throw new Error("a SELECT without FROM gave no row");
  const serverVersion = row.version.split(" ")[0] ?? row.version;
  return {
    identity: {
      endpoint: target.endpoint,
      database: row.database,
      systemIdentifier: await systemIdentifier(session),
      oid: row.oid,
    },
    serverVersion,
    serverMajor: Math.trunc(row.number / 10_000),
    sizeBytes: row.size,
    clockAt: row.clock ?? (await checkpointTime(session)),
    isReplica: row.replica,
    searchPath: row.path,
    isSuperuser: row.superuser,
    snapshotId: row.snapshot,
  };
}

interface Row {
  readonly snapshot: string | null;
  readonly database: string;
  readonly oid: number;
  readonly version: string;
  readonly number: number;
  readonly size: number;
  readonly clock: string | null;
  readonly replica: boolean;
  readonly path: readonly string[];
  readonly superuser: boolean;
}

const FACTS = `
  current_database() AS database,
  (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) AS oid,
  current_setting('server_version') AS version,
  current_setting('server_version_num')::int AS number,
  pg_catalog.pg_database_size(current_database())::float8 AS size,
  ${utc(`CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_xact_replay_timestamp()
    ELSE pg_catalog.clock_timestamp() END`)} AS clock,
  pg_catalog.pg_is_in_recovery() AS replica,
  pg_catalog.current_schemas(false)::text[] AS path,
  current_setting('is_superuser')::bool AS superuser`;

async function systemIdentifier(session: Session): Promise<string | null> {
  const [allowed] = await session.query<{ may: boolean }>(
    "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may",
  );
  if (allowed?.may !== true) return null;
  const [row] = await session.query<{ id: string }>(
    "SELECT system_identifier::text AS id FROM pg_catalog.pg_control_system()",
  );
  return row?.id ?? null;
}

/** A replica that has replayed nothing yet is as old as the checkpoint it started from. */
async function checkpointTime(session: Session): Promise<string> {
  const [row] = await session.query<{ at: string }>(
    `SELECT ${utc("checkpoint_time")} AS at FROM pg_catalog.pg_control_checkpoint()`,
  );
  if (row === undefined) throw new Error("pg_control_checkpoint() gave no row");
  return row.at;
}

/** SQL that gives an instant with microseconds. */
function utc(expression: string): string {
  return `pg_catalog.to_char((${expression}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
