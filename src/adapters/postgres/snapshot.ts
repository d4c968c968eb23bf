import type { ProgramOutput, Snapshot } from "../../ports/postgres.ts";
import { childEnvironment } from "./child-environment.ts";
import { queryError } from "./connection-problem.ts";
import { beginCounting, endWithClient } from "./count-rows.ts";
import { readDetail } from "./detail.ts";
import { type DatabaseFacts, readFacts } from "./facts.ts";
import { refuseHalfRestored } from "./in-place/refuse-half-restored.ts";
import { startProgram } from "./program.ts";
import { readSchemaRevision } from "./schema-revision.ts";
import { openSession, type Session } from "./session.ts";
import type { Target } from "./target.ts";
import { findTool } from "./tools.ts";

/** How long a dump waits for a table that somebody holds locked. */
const LOCK_WAIT_MS = 600_000;

/** Opens the session that holds a snapshot still, and reads all that the backup needs to know in it. Throws a DbopsError. */
export async function openSnapshot(
  target: Target,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Snapshot> {
  const session = await openSession(target, signal);
  try {
    return await readSnapshot({ session, target, env });
  } catch (error) {
    await session.close();
    signal.throwIfAborted();
    throw queryError(error, target);
  }
}

interface Context {
  readonly session: Session;
  readonly target: Target;
  readonly env: NodeJS.ProcessEnv;
}

async function readSnapshot(context: Context): Promise<Snapshot> {
  const { session, target } = context;
  // whatever the role or the database sets: a dump may take hours, and this session idles meanwhile
  await session.query("SET statement_timeout = 0");
  await session.query("SET idle_in_transaction_session_timeout = 0");
  await session.query(`SET lock_timeout = ${LOCK_WAIT_MS}`);
  await session.query(
    "SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'",
  );
  await endWithClient(session);
  const dumped = { ...context, target: await withPlainStrings(session, target) };
  await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const facts = await readFacts(session, target, true);
  await session.query("SET LOCAL search_path = pg_catalog");
  await refuseHalfRestored(session, target.database);
  return {
    identity: facts.identity,
    at: facts.clockAt,
    serverVersion: facts.serverVersion,
    sizeBytes: facts.sizeBytes,
    schemaRevision: await readSchemaRevision(session, facts),
    detail: await readDetail(session, facts),
    dump: (signal) => dump(dumped, facts, ["--format=custom", "--compress=0"], signal),
    dumpSql: (signal) => dump(dumped, facts, ["--format=plain"], signal),
    countRows: (signal) => beginCounting(session, target, signal),
    globals: (signal) => globals(context, facts, signal),
    close: () => session.close(),
  };
}

async function dump(
  { target, env }: Context,
  facts: DatabaseFacts & { readonly snapshotId: string | null },
  format: readonly string[],
  signal: AbortSignal,
): Promise<ProgramOutput> {
  const tool = await findTool("pg_dump", facts.serverMajor, env, signal);
  const args = [
    ...format,
    `--snapshot=${facts.snapshotId}`,
    "--no-password",
    `--lock-wait-timeout=${LOCK_WAIT_MS}`,
  ];
  const fix = `look into the log of the server at ${target.endpoint}, then apply again`;
  return startProgram({ tool, args, env: childEnvironment(target, env), fix }, signal);
}

/**
 * As pg_dump connects: a dump with backslashes that escape in its strings would be one that no restore reads. The option is given only where
 * server, database or role turn the setting off: a pooler may refuse it.
 */
async function withPlainStrings(session: Session, target: Target): Promise<Target> {
  const [row] = await session.query<{ strings: string }>(
    "SELECT pg_catalog.current_setting('standard_conforming_strings') AS strings",
  );
  if (row?.strings === "on") return target;
  return { ...target, options: `${target.options ?? ""} -c standard_conforming_strings=on`.trim() };
}

async function globals(
  { target, env }: Context,
  facts: DatabaseFacts,
  signal: AbortSignal,
): Promise<ProgramOutput> {
  const tool = await findTool("pg_dumpall", facts.serverMajor, env, signal);
  // an empty -l keeps it from asking the databases postgres and template1, and leaves the name to PGDATABASE
  const args = ["--globals-only", "--no-role-passwords", "--no-password", "--database="];
  const fix = `look into the log of the server at ${target.endpoint}, then apply again`;
  return startProgram({ tool, args, env: childEnvironment(target, env), fix }, signal);
}
