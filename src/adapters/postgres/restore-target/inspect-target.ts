import { localeOf } from "../../../model/database-locale.ts";
import type {
  AdminRole,
  DatabaseProperties,
  LiveDatabase,
  TargetFacts,
  TargetObservation,
} from "../../../model/restore-target.ts";
import { fail, problemsOf } from "../../../problems/dbops-error.ts";
import { type Problem, problem } from "../../../problems/problem.ts";
import { type DatabaseRow, readDatabaseRow } from "../database-row.ts";
import { readFacts } from "../facts.ts";
import { findMadeDatabases, SIZE } from "../made-databases.ts";
import { readSchemaRevisionOrFail } from "../schema-revision.ts";
import type { Session } from "../session.ts";
import type { Target } from "../target.ts";
import { type AdminAccess, inSession } from "./admin-access.ts";

/** As `RestoreTarget.inspect`. */
export async function inspectTarget(
  access: AdminAccess,
  live: string,
  signal: AbortSignal,
): Promise<TargetObservation> {
  try {
    const seen = await inSession(access, null, signal, (session, target) => look(session, target, live));
    if (seen.live === null) return { state: "reachable", ...seen, live: null };
    const revision = await revisionOf(access, seen.live.name, signal);
    return { state: "reachable", ...seen, live: { ...seen.live, ...revision } };
  } catch (error) {
    signal.throwIfAborted();
    return { state: "unreadable", problem: firstOf(error) };
  }
}

function firstOf(error: unknown): Problem {
  return problemsOf(error)[0] ?? problem("INTERNAL", "an error without a problem");
}

type Revision = Pick<LiveDatabase, "schemaRevision" | "revisionProblem">;
type Unrevised = Omit<LiveDatabase, keyof Revision>;

/** Longer than any question to the catalog takes. */
const STATEMENT_TIMEOUT_MS = 300_000;

async function look(
  session: Session,
  target: Target,
  live: string,
): Promise<Omit<TargetFacts, "live"> & { readonly live: Unrevised | null }> {
  await session.query("BEGIN READ ONLY");
  await session.query(`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
  const facts = await readFacts(session, target, false);
  if (facts.isReplica)
    fail("RESTORE_BLOCKED", `${target.endpoint} is a replica, which cannot be written`, {
      fix: "name the primary in the connection of the database",
    });
  await session.query("SET LOCAL search_path = pg_catalog");
  const row = await readDatabaseRow(session, live);
  return {
    endpoint: target.endpoint,
    systemIdentifier: facts.identity.systemIdentifier,
    serverVersion: facts.serverVersion,
    role: await readRole(session),
    roles: await names(session, "SELECT rolname::text AS name FROM pg_catalog.pg_roles"),
    tablespaces: await names(session, "SELECT spcname::text AS name FROM pg_catalog.pg_tablespace"),
    extensions: await session.query<TargetFacts["extensions"][number]>(EXTENSIONS),
    live: row === null ? null : await readLive(session, live, row),
    template: await readTemplate(session, target),
    made: await findMadeDatabases(session),
  };
}

async function names(session: Session, sql: string): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT name FROM (${sql}) AS found ORDER BY name COLLATE "C"`,
  );
  return rows.map((row) => row.name);
}

async function readRole(session: Session): Promise<AdminRole> {
  const [row] = await session.query<Omit<AdminRole, "memberOf">>(ROLE);
  if (row === undefined) throw new Error("the current role is not in pg_roles");
  const memberOf = await names(
    session,
    "SELECT rolname::text AS name FROM pg_catalog.pg_roles WHERE pg_catalog.pg_has_role(oid, 'MEMBER')",
  );
  return { ...row, memberOf };
}

async function readLive(session: Session, name: string, row: DatabaseRow): Promise<Unrevised> {
  const { oid, allowsConnections, properties } = row;
  const [counted] = await session.query<{ size: number | null; sessions: number }>(COUNTED, [oid]);
  return {
    name,
    oid,
    sizeBytes: counted?.size ?? null,
    properties,
    markedEnvironment: markOf(properties.settings),
    ...(allowsConnections ? {} : { allowsConnections }),
    slots: await session.query<LiveDatabase["slots"][number]>(SLOTS, [name]),
    subscriptions: await session.query<LiveDatabase["subscriptions"][number]>(SUBSCRIPTIONS, [oid]),
    sessions: counted?.sessions ?? 0,
  };
}

async function readTemplate(session: Session, { endpoint }: Target): Promise<TargetFacts["template"]> {
  const { properties } =
    (await readDatabaseRow(session, "template0")) ??
    fail("RESTORE_BLOCKED", `${endpoint} has no template0, which every new database is made from`);
  return localeOf(properties);
}

/** `ALTER DATABASE … SET dbops.environment`, not what is set for a role in it. */
function markOf(settings: DatabaseProperties["settings"]): string | null {
  const own = settings.find((one) => one.role === null)?.settings ?? [];
  const mark = own.find((one) => one.toLowerCase().startsWith(MARK));
  return mark?.slice(MARK.length) ?? null;
}

const MARK = "dbops.environment=";

/** A database that lets nobody in, or nobody who may read it, is not one without a revision. */
async function revisionOf(access: AdminAccess, live: string, signal: AbortSignal): Promise<Revision> {
  try {
    const schemaRevision = await inSession(access, live, signal, async (session) => {
      const [row] = await session.query<{ path: string[] }>(
        "SELECT pg_catalog.current_schemas(false)::text[] AS path",
      );
      await session.query("BEGIN READ ONLY");
      await session.query(`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
      await session.query("SET LOCAL search_path = pg_catalog");
      return await readSchemaRevisionOrFail(session, { searchPath: row?.path ?? [] });
    });
    return { schemaRevision };
  } catch (error) {
    signal.throwIfAborted();
    return { schemaRevision: null, revisionProblem: firstOf(error) };
  }
}

const ROLE = `
  SELECT rolname::text AS name, rolsuper AS "isSuperuser", rolsuper OR rolcreatedb AS "canCreateDatabases"
  FROM pg_catalog.pg_roles WHERE rolname = current_user`;

const EXTENSIONS = `
  SELECT name::text AS name, array_agg(version ORDER BY version COLLATE "C") AS versions
  FROM pg_catalog.pg_available_extension_versions GROUP BY name ORDER BY name::text COLLATE "C"`;

/** A role without rights on a session sees where it is, but not of what kind. */
const COUNTED = `
  SELECT ${SIZE} AS size, (
    SELECT count(*)::float8 FROM pg_catalog.pg_stat_activity a
    WHERE a.datid = d.oid AND a.pid <> pg_catalog.pg_backend_pid()
      AND coalesce(a.backend_type, 'client backend') IN ('client backend', 'walsender')) AS sessions
  FROM pg_catalog.pg_database d WHERE d.oid = $1`;

const SLOTS = `
  SELECT slot_name::text AS name, slot_type AS type, active FROM pg_catalog.pg_replication_slots
  WHERE database = $1::text AND NOT temporary ORDER BY slot_name::text COLLATE "C"`;

/** The connection string is only for superusers. */
const SUBSCRIPTIONS = `
  SELECT subname::text AS name, subenabled AS enabled FROM pg_catalog.pg_subscription
  WHERE subdbid = $1 ORDER BY subname::text COLLATE "C"`;
