import type { Database } from "../../model/environment.ts";
import type { DatabaseObservation } from "../../model/observation.ts";
import type { Postgres } from "../../ports/postgres.ts";
import { DbopsError, problemsOf } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import { queryError } from "./connection-problem.ts";
import { readFacts } from "./facts.ts";
import { findMadeDatabases } from "./made-databases.ts";
import { findMissingRights } from "./rights.ts";
import { openSession } from "./session.ts";
import { openSnapshot } from "./snapshot.ts";
import { resolveTarget, type Secrets, type Target } from "./target.ts";
import { findTool, type ToolName } from "./tools.ts";

/** The port over node-pg and PostgreSQL's own programs. Nothing is resolved or opened before the first call. */
export function openPostgres(
  database: Database,
  secrets: Secrets,
  env: NodeJS.ProcessEnv = process.env,
): Postgres {
  const target = (signal: AbortSignal): Promise<Target> => resolveTarget(database, { secrets, env }, signal);
  return {
    inspect: async (signal) => {
      try {
        return await inspect(await target(signal), env, signal);
      } catch (error) {
        signal.throwIfAborted();
        const [first] = problemsOf(error);
        return { state: "unreadable", problem: first ?? problem("INTERNAL", "an error without a problem") };
      }
    },
    openSnapshot: async (signal) => openSnapshot(await target(signal), env, signal),
  };
}

/** Longer than any question to the catalog takes. */
const STATEMENT_TIMEOUT_MS = 300_000;

async function inspect(
  target: Target,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<DatabaseObservation> {
  const session = await openSession(target, signal);
  try {
    await session.query("BEGIN READ ONLY");
    await session.query(`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    const facts = await readFacts(session, target, false);
    await session.query("SET LOCAL search_path = pg_catalog");
    const rights = await findMissingRights(session, facts);
    const made = await findMadeDatabases(session);
    const tools = await findMissingTools(facts.serverMajor, env, signal);
    return {
      state: "reachable",
      identity: facts.identity,
      serverVersion: facts.serverVersion,
      sizeBytes: facts.sizeBytes,
      clockAt: facts.clockAt,
      problems: [...rights, ...tools],
      ...(made.length === 0 ? {} : { made }),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw queryError(error, target);
  } finally {
    await session.close();
  }
}

async function findMissingTools(
  serverMajor: number,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Problem[]> {
  const names: readonly ToolName[] = ["pg_dump", "pg_dumpall"];
  const missing = await Promise.all(
    names.map(async (name) => {
      try {
        await findTool(name, serverMajor, env, signal);
        return [];
      } catch (error) {
        if (error instanceof DbopsError) return error.problems;
        throw error;
      }
    }),
  );
  return missing.flat();
}
