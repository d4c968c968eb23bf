import type { CountedTable, CountRequest } from "../../../ports/restore-target.ts";
import { factsOf } from "../connection-problem.ts";
import { COUNTING, countTable, endWithClient } from "../count-rows.ts";
import type { Session } from "../session.ts";
import { type AdminAccess, inSession } from "./admin-access.ts";
import { inSessions } from "./in-sessions.ts";

/** As `RestoreTarget.countRows`. Every count is a transaction of its own: one that is refused ends no other. */
export async function countRestored(
  access: AdminAccess,
  { name, tables, jobs, onCounted }: CountRequest,
  signal: AbortSignal,
): Promise<readonly CountedTable[]> {
  const there = await inSession(access, name, signal, (session) => session.query<Found>(TABLES));
  const counted: CountedTable[] = [];
  const work = async ({ schema, name, root, quoted, bytes }: Sized, session: Session): Promise<void> => {
    counted.push({ schema, name, root, rows: await rowsOf(session, quoted) });
    onCounted(bytes);
  };
  const items = largestFirst(there, tables);
  await inSessions(access, { database: name, jobs, items, prepare, work }, signal);
  return counted;
}

interface Found extends Omit<CountedTable, "rows"> {
  readonly quoted: string;
}

type Sized = Found & { readonly bytes: number };

function largestFirst(there: readonly Found[], wanted: CountRequest["tables"]): readonly Sized[] {
  const bytes = new Map(wanted.map((one) => [keyOf(one), one.bytes]));
  return there
    .flatMap((one) => {
      const size = bytes.get(keyOf(one));
      return size === undefined ? [] : [{ ...one, bytes: size }];
    })
    .sort((a, b) => b.bytes - a.bytes);
}

async function prepare(session: Session): Promise<void> {
  await endWithClient(session);
  for (const setting of [...COUNTING, "search_path = pg_catalog", "default_transaction_read_only = on"])
    await session.query(`SET ${setting}`);
}

/** null: the role may not read all of it. */
async function rowsOf(session: Session, quoted: string): Promise<number | null> {
  try {
    return await countTable(session, quoted);
  } catch (error) {
    if (factsOf(error).code === INSUFFICIENT_PRIVILEGE) return null;
    throw error;
  }
}

const INSUFFICIENT_PRIVILEGE = "42501";

/** A partition with the outermost table that it is one of. */
const TABLES = `
  WITH RECURSIVE above AS (
    SELECT i.inhrelid AS leaf, i.inhparent AS top
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid WHERE c.relispartition
    UNION ALL
    SELECT above.leaf, i.inhparent
    FROM above JOIN pg_catalog.pg_class c ON c.oid = above.top JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relispartition
  )
  SELECT n.nspname::text AS schema, c.relname::text AS name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS quoted,
    (SELECT rn.nspname || '.' || r.relname
      FROM above JOIN pg_catalog.pg_class r ON r.oid = above.top JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
      WHERE above.leaf = c.oid AND NOT r.relispartition) AS root
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  ORDER BY 1, 2`;

function keyOf({ schema, name }: Pick<CountedTable, "schema" | "name">): string {
  return JSON.stringify([schema, name]);
}
