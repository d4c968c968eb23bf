import type { AnalyzeRequest } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { factsOf } from "../connection-problem.ts";
import { withoutData } from "../load/without-data.ts";
import type { Session } from "../session.ts";
import type { Target } from "../target.ts";
import { type AdminAccess, inSession } from "./admin-access.ts";
import { inSessions } from "./in-sessions.ts";
import { targetError } from "./target-problem.ts";

/** As `RestoreTarget.analyze`. */
export async function analyze(
  access: AdminAccess,
  { name, jobs }: AnalyzeRequest,
  signal: AbortSignal,
): Promise<void> {
  const tables = await inSession(access, name, signal, (session) => session.query<Table>(TABLES));
  const items = statementsFor(tables);
  const prepare = async (session: Session): Promise<void> => {
    await session.query("SET search_path = ''"); // as autovacuum does
  };
  const work = async (sql: string, session: Session, target: Target): Promise<void> => {
    await session.query(sql).catch((error: unknown) => refuse(error, name, target));
  };
  await inSessions(access, { database: name, jobs, items, prepare, work }, signal);
}

interface Table {
  readonly quoted: string;
  /** The role may use its schema, without which it cannot name it. */
  readonly isReachable: boolean;
  /** Something in the database was moved aside. */
  readonly isBeside: boolean;
}

/** One for each table; where some cannot be named, the one for all of them, which would take along what was moved aside. */
function statementsFor(tables: readonly Table[]): readonly string[] {
  const reachable = tables.filter((one) => one.isReachable);
  const isAll = reachable.length === tables.length || tables.some((one) => one.isBeside);
  return isAll ? reachable.map(({ quoted }) => `ANALYZE ${quoted}`) : ["ANALYZE"];
}

/**
 * The largest first; a partitioned table takes its partitions along. Those of the system are among them, but for what all databases
 * share; what a restore in place moved aside is not.
 */
const TABLES = `
  SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted,
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS "isReachable",
    EXISTS (SELECT FROM pg_catalog.pg_namespace a WHERE a.nspname ~ '^dbops_[0-9a-f]{8}_(old|part)_') AS "isBeside"
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND NOT c.relisshared AND c.relpersistence <> 't'
    AND n.nspname !~ '^dbops_[0-9a-f]{8}_(old|part)_'
  ORDER BY CASE c.relkind
    WHEN 'p' THEN (SELECT sum(pg_catalog.pg_relation_size(t.relid)) FROM pg_catalog.pg_partition_tree(c.oid) t)
    ELSE pg_catalog.pg_relation_size(c.oid) END DESC, c.oid`;

function refuse(error: unknown, name: string, target: Target): never {
  const { code, message } = factsOf(error);
  if (!/^42(?!501)/.test(code)) throw targetError(error, target);
  // no bug in dbops: indexes and statistics of expressions call functions of the database
  return fail(
    "RESTORE_FAILED",
    `${name} at ${target.endpoint}: ANALYZE: ${withoutData(message, code)} (${code})`,
    {
      fix: `correct in ${name} the function that an index or statistics of an expression calls, then apply again`,
      cause: error,
    },
  );
}
