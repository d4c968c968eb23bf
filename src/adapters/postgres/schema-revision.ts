import { fail } from "../../problems/dbops-error.ts";
import type { DatabaseFacts } from "./facts.ts";
import type { Session } from "./session.ts";

/**
 * Alembic's revision: from the first `alembic_version` on the role's search path, then in public, then the only one there is.
 * Several heads are joined by commas, sorted. null: no such table, more than one elsewhere, or no right to read it.
 */
export async function readSchemaRevision(
  session: Session,
  facts: Pick<DatabaseFacts, "searchPath">,
): Promise<string | null> {
  const found = await findVersionTable(session, facts);
  return found?.readable === true ? readRevision(session, found) : null;
}

/** As `readSchemaRevision`, but a table that the role may not read is none that is not there: ADMIN_RIGHTS_MISSING. */
export async function readSchemaRevisionOrFail(
  session: Session,
  facts: Pick<DatabaseFacts, "searchPath">,
): Promise<string | null> {
  const found = await findVersionTable(session, facts);
  if (found === undefined) return null;
  if (!found.readable) fail("ADMIN_RIGHTS_MISSING", `the admin role may not read all of ${found.quoted}`);
  return readRevision(session, found);
}

async function findVersionTable(
  session: Session,
  { searchPath }: Pick<DatabaseFacts, "searchPath">,
): Promise<VersionTable | undefined> {
  return chooseTable(await session.query<VersionTable>(TABLES), [...searchPath, "public"]);
}

async function readRevision(session: Session, found: VersionTable): Promise<string | null> {
  const rows = await session.query<{ revision: string }>(
    `SELECT version_num::text AS revision FROM ${found.quoted} ORDER BY version_num::text COLLATE "C"`,
  );
  return rows.length === 0 ? null : rows.map((row) => row.revision).join(",");
}

interface VersionTable {
  readonly schema: string;
  readonly quoted: string;
  readonly readable: boolean;
}

const TABLES = `
  SELECT n.nspname::text AS schema, pg_catalog.quote_ident(n.nspname) || '.alembic_version' AS quoted,
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
      AND NOT pg_catalog.row_security_active(c.oid) AS readable
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version_num' AND NOT a.attisdropped
  WHERE c.relname = 'alembic_version' AND c.relkind = 'r' AND c.relpersistence <> 't'
  ORDER BY 1`;

function chooseTable(tables: readonly VersionTable[], path: readonly string[]): VersionTable | undefined {
  for (const schema of path) {
    const found = tables.find((table) => table.schema === schema);
    if (found !== undefined) return found;
  }
  return tables.length === 1 ? tables[0] : undefined;
}
