import type { DatabaseInside, ExtensionInside, LooseObject, SchemaInside } from "../../../model/in-place.ts";
import type { NamedDatabase } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { type AdminAccess, inSession } from "../restore-target/admin-access.ts";
import { refuseOther } from "../restore-target/set-note.ts";
import type { Session } from "../session.ts";
import { refuseUnfinished } from "./aside-state.ts";
import { HOLDS_OWN, IS_OF_DATABASE, LOOSE } from "./catalog.ts";

/** Longer than any question to the catalog takes. */
const STATEMENT_TIMEOUT_MS = 300_000;

/** As `InPlaceTarget.inspect`. */
export function inspectInside(
  access: AdminAccess,
  database: NamedDatabase,
  signal: AbortSignal,
): Promise<DatabaseInside> {
  return inSession(access, database.name, signal, async (session) => {
    await session.query("BEGIN READ ONLY");
    await session.query(`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}; SET LOCAL search_path = ''`);
    const [row] = await session.query<Rights & { readonly oid: number }>(RIGHTS);
    if (row === undefined) return fail("INTERNAL", "a session is in no database");
    const { oid, ...rights } = row;
    if (oid !== database.oid) refuseOther(database, oid);
    await refuseUnfinished(session, { database, plan: null });
    return { ...rights, ...(await look(session)) };
  });
}

type Rights = Pick<
  DatabaseInside,
  "canCreateSchemas" | "canClose" | "hasLargeObjects" | "hasDefaultPrivileges"
>;

async function look(session: Session): Promise<Omit<DatabaseInside, keyof Rights>> {
  const loose = await session.query<LooseObject & { readonly drop: string }>(LOOSE);
  return {
    schemas: await session.query<SchemaInside>(SCHEMAS),
    extensions: await session.query<ExtensionInside>(EXTENSIONS),
    loose: loose.map(({ type, name, schemas }) => ({ type, name, schemas })),
    extensionTables: await session.query(EXTENSION_TABLES),
  };
}

const RIGHTS = `
  SELECT d.oid::int8::float8 AS oid, has_database_privilege(d.oid, 'CREATE') AS "canCreateSchemas",
    pg_has_role(d.datdba, 'USAGE') AS "canClose",
    EXISTS (SELECT FROM pg_largeobject_metadata) AS "hasLargeObjects",
    EXISTS (SELECT FROM pg_default_acl a JOIN pg_roles r ON r.oid = a.defaclrole
      WHERE r.rolname = current_user AND a.defaclnamespace = 0) AS "hasDefaultPrivileges"
  FROM pg_database d WHERE d.datname = current_database()`;

const SCHEMAS = `
  SELECT n.nspname::text AS name, n.oid::int8::float8 AS oid, pg_get_userbyid(n.nspowner)::text AS owner,
    pg_has_role(n.nspowner, 'USAGE') AS "isOwned", ${HOLDS_OWN} AS "holdsOwn",
    (SELECT e.extname::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
     WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e') AS extension
  FROM pg_namespace n WHERE ${IS_OF_DATABASE} ORDER BY n.nspname::text COLLATE "C"`;

const EXTENSIONS = `
  SELECT e.extname::text AS name, n.nspname::text AS schema, e.extrelocatable AS "isRelocatable",
    pg_has_role(e.extowner, 'USAGE') AND NOT EXISTS (
      SELECT FROM pg_depend d
      LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
      LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
      LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
      LEFT JOIN pg_operator o ON d.classid = 'pg_operator'::regclass AND o.oid = d.objid
      LEFT JOIN pg_opclass k ON d.classid = 'pg_opclass'::regclass AND k.oid = d.objid
      WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
        AND NOT pg_has_role(coalesce(p.proowner, t.typowner, c.relowner, o.oprowner, k.opcowner, e.extowner), 'USAGE')
    ) AS "isOwned"
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace ORDER BY e.extname::text COLLATE "C"`;

const EXTENSION_TABLES = `
  SELECT n.nspname::text AS schema, c.relname::text AS name
  FROM pg_depend d JOIN pg_class c ON c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND c.relkind IN ('r', 'p', 'S')
  ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C"`;
