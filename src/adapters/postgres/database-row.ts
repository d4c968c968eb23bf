import type { DatabaseProperties } from "../../model/restore-target.ts";
import type { Session } from "./session.ts";

/** What pg_database and its neighbours say about one database; any role may read it, in any database. */
export interface DatabaseRow {
  readonly oid: number;
  /** false: nobody can connect, superusers included. */
  readonly allowsConnections: boolean;
  readonly properties: DatabaseProperties;
}

/** null when there is no database of this name. */
export async function readDatabaseRow(session: Session, name: string): Promise<DatabaseRow | null> {
  const [row] = await session.query<DatabaseRow>(databaseSql("$1::text"), [name]);
  if (row === undefined) return null;
  const { properties: read } = row;
  const properties: DatabaseProperties = {
    owner: read.owner,
    encoding: read.encoding,
    collate: read.collate,
    ctype: read.ctype,
    localeProvider: read.localeProvider,
    icuLocale: read.icuLocale,
    icuRules: read.icuRules,
    tablespace: read.tablespace,
    connectionLimit: read.connectionLimit,
    accessPrivileges: read.accessPrivileges,
    comment: read.comment,
    settings: [...read.settings].sort(byRole),
  };
  return { oid: row.oid, allowsConnections: row.allowsConnections, properties };
}

/**
 * One row with `oid`, `allowsConnections` and `properties`, of the database with this name; a text compares whole, where a name would be cut.
 * Columns that came or went with a version are taken from the row as JSON: null where the server has none.
 */
export function databaseSql(name: "current_database()" | "$1::text"): string {
  return `
  SELECT d.oid, d.datallowconn AS "allowsConnections", jsonb_build_object(
    'name', d.datname, 'owner', pg_catalog.pg_get_userbyid(d.datdba),
    'encoding', pg_catalog.pg_encoding_to_char(d.encoding),
    'collate', d.datcollate, 'ctype', d.datctype,
    'localeProvider', CASE to_jsonb(d) ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
    'icuLocale', coalesce(to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'datlocale'),
    'icuRules', to_jsonb(d) ->> 'daticurules',
    'collationVersion', to_jsonb(d) ->> 'datcollversion',
    'tablespace', t.spcname, 'connectionLimit', d.datconnlimit,
    'accessPrivileges', to_jsonb(d.datacl::text[]),
    'comment', pg_catalog.shobj_description(d.oid, 'pg_database'),
    'settings', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('role', CASE WHEN s.setrole <> 0 THEN pg_catalog.pg_get_userbyid(s.setrole) END,
        'settings', to_jsonb(s.setconfig)) ORDER BY s.setrole), '[]')
      FROM pg_catalog.pg_db_role_setting s WHERE s.setdatabase = d.oid)
  ) AS properties
  FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
  WHERE d.datname = ${name}`;
}

type RoleSettings = DatabaseProperties["settings"][number];

/** Those of the database first. */
function byRole(a: RoleSettings, b: RoleSettings): number {
  const [left, right] = [a.role ?? "", b.role ?? ""];
  return left < right ? -1 : left > right ? 1 : 0;
}
