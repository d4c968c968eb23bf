import type { RowCount, RowCounting } from "../../ports/postgres.ts";
import { DbopsError } from "../../problems/dbops-error.ts";
import { type ProblemCode, problem } from "../../problems/problem.ts";
import { factsOf, isLost, queryError } from "./connection-problem.ts";
import { USER_SCHEMAS } from "./detail.ts";
import { withoutData } from "./load/without-data.ts";
import type { Session } from "./session.ts";
import type { Target } from "./target.ts";

/** As `Snapshot.countRows`, in the session that holds the snapshot. */
export async function beginCounting(
  session: Session,
  target: Target,
  signal: AbortSignal,
): Promise<RowCounting> {
  for (const setting of COUNTING) await session.query(`SET LOCAL ${setting}`);
  const tables = await session.query<Countable>(COUNTABLE);
  for (const { quoted } of tables) {
    signal.throwIfAborted();
    const locked = session.query(`LOCK TABLE ONLY ${quoted} IN ACCESS SHARE MODE`);
    await locked.catch((error: unknown) => refuse(error, quoted, target));
  }
  const counts = countAll(session, { tables, target }, signal);
  counts.catch(() => undefined); // whoever waits for them is told
  return { counts };
}

async function countAll(
  session: Session,
  { tables, target }: { readonly tables: readonly Countable[]; readonly target: Target },
  signal: AbortSignal,
): Promise<readonly RowCount[]> {
  const counts: RowCount[] = [];
  await session.query("SAVEPOINT counting");
  for (const { schema, name, quoted } of tables) {
    signal.throwIfAborted();
    if (counts.length % LETTING_GO === 0) await session.query("ROLLBACK TO SAVEPOINT counting");
    const rows = await countTable(session, quoted).catch((error: unknown) => refuse(error, quoted, target));
    counts.push({ schema, name, rows });
  }
  return counts;
}

/** After so many tables the locks on their indexes are let go: the server has room for only so many, and others need them too. */
const LETTING_GO = 100;

/** The rows of one table, without those of tables that inherit from it. `quoted`: with its schema. */
export async function countTable(session: Session, quoted: string): Promise<number> {
  const [row] = await session.query<{ rows: number }>(`SELECT count(*)::float8 AS rows FROM ONLY ${quoted}`);
  if (row === undefined) throw new Error("a count gave no row");
  return row.rows;
}

/** Row security is an error instead of a wrong number, and one session costs one process of the server. */
export const COUNTING = ["row_security = off", "max_parallel_workers_per_gather = 0"];

/**
 * Lets the server look whether dbops is still there, so that a count which nobody waits for any more does not run to its end.
 * Not in a transaction: servers before 14 do not have it, and some systems cannot do it.
 */
export async function endWithClient(session: Session): Promise<void> {
  const sql =
    "SELECT set_config(name, '1s', false) FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'";
  await session.query(sql).catch((error: unknown) => {
    if (factsOf(error).code !== INVALID_VALUE) throw error;
  });
}

const INVALID_VALUE = "22023";

interface Countable {
  readonly schema: string;
  readonly name: string;
  readonly quoted: string;
}

/**
 * The tables whose rows an archive brings: not those of an extension, of which it brings a part at most, and on a replica none
 * that is not logged.
 */
const COUNTABLE = `
  SELECT n.nspname::text AS schema, c.relname::text AS name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS quoted
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND ${USER_SCHEMAS}
    AND (c.relpersistence = 'p' OR NOT pg_catalog.pg_is_in_recovery())
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY 1, 2`;

/** A count that cannot be made fails the dump, with the table's name. */
function refuse(error: unknown, quoted: string, target: Target): never {
  const known = queryError(error, target);
  const { code, message } = factsOf(error);
  if (error instanceof DbopsError || isLost(error) || !/^[0-9A-Z]{5}$/.test(code)) throw known;
  const why = `the rows of ${quoted} could not be counted: ${withoutData(message, code)} (${code})`;
  const kind: ProblemCode = code === "42501" ? "RIGHTS_MISSING" : "DUMP_FAILED";
  const fix = fixOf(code, target) ?? known.problems[0]?.fix ?? "apply again";
  throw new DbopsError([problem(kind, `${target.database} at ${target.endpoint}: ${why}`, { fix })], error);
}

function fixOf(code: string, { user }: Target): string | null {
  if (code === "42501")
    return `let ${user} read the whole table (GRANT SELECT, and BYPASSRLS where row security hides rows), then apply again`;
  if (code === "53200")
    return "raise max_locks_per_transaction on the server, or write counts: none and plan again";
  return /^(42P01|3F000)$/.test(code) ? "it was dropped or renamed just now: apply again" : null;
}
