import { isMadeName, parseNote } from "../../model/made-database.ts";
import type { MadeDatabase } from "../../model/restore-target.ts";
import type { Session } from "./session.ts";

/** Databases on this server with a name that dbops gives, sorted by name. Any role may ask, in any database. */
export async function findMadeDatabases(session: Session): Promise<MadeDatabase[]> {
  const rows = await session.query<Row>(MADE);
  return rows
    .filter((row) => isMadeName(row.name))
    .map(({ name, oid, size, comment }) => ({ name, oid, sizeBytes: size, note: parseNote(comment) }));
}

/** SQL that gives the size of the database `d`; null where the role may not ask for it, or it has just gone. */
export const SIZE = `CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')
    OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') THEN pg_catalog.pg_database_size(d.oid)::float8 END`;

interface Row {
  readonly name: string;
  readonly oid: number;
  readonly size: number | null;
  readonly comment: string | null;
}

const MADE = `
  SELECT d.datname::text AS name, d.oid, ${SIZE} AS size, pg_catalog.shobj_description(d.oid, 'pg_database') AS comment
  FROM pg_catalog.pg_database d WHERE d.datname ~ '^dbops_[0-9a-f]{8}_' ORDER BY d.datname::text COLLATE "C"`;
