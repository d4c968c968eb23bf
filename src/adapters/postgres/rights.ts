import { type Problem, problem } from "../../problems/problem.ts";
import type { DatabaseFacts } from "./facts.ts";
import type { Session } from "./session.ts";

/**
 * Everything that pg_dump would fail on for want of a right, as this role: one problem per kind, its fix the statements that,
 * run by an owner or superuser, make it disappear. Takes no locks.
 */
export async function findMissingRights(session: Session, facts: DatabaseFacts): Promise<Problem[]> {
  if (facts.isSuperuser) return [];
  const [role] = await session.query<{ name: string }>("SELECT pg_catalog.quote_ident(current_user) AS name");
  const name = role?.name ?? "";
  const relations = await session.query<Relation>(RELATIONS);
  const largeObjects = await session.query<{ oid: string }>(largeObjectsSql(facts.serverMajor));
  return [
    schemaProblem(relations, name),
    relationProblem(relations, name, { kind: "table", keyword: "TABLE", plural: "TABLES" }),
    relationProblem(relations, name, { kind: "sequence", keyword: "SEQUENCE", plural: "SEQUENCES" }),
    largeObjectProblem(
      largeObjects.map((one) => one.oid),
      name,
    ),
    rowSecurityProblem(relations, name),
  ].filter((one) => one !== null);
}

interface Relation {
  readonly kind: "table" | "sequence";
  /** Quoted where needed. */
  readonly schema: string;
  readonly name: string;
  readonly no_usage: boolean;
  readonly no_select: boolean;
  readonly row_security: boolean;
}

const SHOWN = 20;

/**
 * What pg_dump locks or copies: tables, partitioned tables and sequences outside the system's schemas; of an extension's
 * only those that it marks as configuration.
 */
const RELATIONS = `
  SELECT * FROM (
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
      pg_catalog.quote_ident(n.nspname) AS schema,
      pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name,
      NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS no_usage,
      NOT CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
        ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') END AS no_select,
      c.relkind = 'r' AND pg_catalog.row_security_active(c.oid) AS row_security
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_depend d
      ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
    LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
    WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND (d.objid IS NULL OR c.oid = ANY (e.extconfig))
  ) AS relation
  WHERE no_usage OR no_select OR row_security
  ORDER BY name COLLATE "C"`;

/** pg_read_all_data covers large objects in no version that lacks has_largeobject_privilege. */
function largeObjectsSql(serverMajor: number): string {
  const readable =
    serverMajor >= 18
      ? "pg_catalog.has_largeobject_privilege(m.oid, 'SELECT')"
      : `current_setting('lo_compat_privileges')::bool
        OR pg_catalog.pg_has_role(m.lomowner, 'USAGE')
        OR EXISTS (SELECT FROM pg_catalog.aclexplode(m.lomacl) a WHERE a.privilege_type = 'SELECT'
          AND (a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE')))`;
  return `SELECT m.oid::text FROM pg_catalog.pg_largeobject_metadata m WHERE NOT (${readable}) ORDER BY m.oid`;
}

function schemaProblem(relations: readonly Relation[], role: string): Problem | null {
  const schemas = distinct(relations.filter((one) => one.no_usage).map((one) => one.schema));
  if (schemas.length === 0) return null;
  return problem("RIGHTS_MISSING", `no USAGE on ${list("schema", "schemas", schemas)}`, {
    fix: schemas.map((schema) => `GRANT USAGE ON SCHEMA ${schema} TO ${role};`).join("\n"),
  });
}

function relationProblem(
  relations: readonly Relation[],
  role: string,
  what: { readonly kind: Relation["kind"]; readonly keyword: string; readonly plural: string },
): Problem | null {
  const missing = relations.filter((one) => one.kind === what.kind && one.no_select);
  if (missing.length === 0) return null;
  const bySchema = distinct(missing.map((one) => one.schema)).map((schema) => {
    const names = missing.filter((one) => one.schema === schema).map((one) => one.name);
    return names.length > SHOWN
      ? `GRANT SELECT ON ALL ${what.plural} IN SCHEMA ${schema} TO ${role};`
      : `GRANT SELECT ON ${what.keyword} ${names.join(", ")} TO ${role};`;
  });
  const names = missing.map((one) => one.name);
  return problem("RIGHTS_MISSING", `no SELECT on ${list(what.kind, `${what.kind}s`, names)}`, {
    fix: bySchema.join("\n"),
  });
}

function largeObjectProblem(oids: readonly string[], role: string): Problem | null {
  if (oids.length === 0) return null;
  const each = `GRANT SELECT ON LARGE OBJECT ${oids.join(", ")} TO ${role};`;
  const all = [
    "DO $$ DECLARE id oid; BEGIN FOR id IN SELECT oid FROM pg_largeobject_metadata LOOP",
    `  EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO %s', id, '${role.replaceAll("'", "''")}');`,
    "END LOOP; END $$;",
  ].join("\n");
  return problem("RIGHTS_MISSING", `no SELECT on ${list("large object", "large objects", oids)}`, {
    fix: oids.length > SHOWN ? all : each,
  });
}

function rowSecurityProblem(relations: readonly Relation[], role: string): Problem | null {
  const names = relations.filter((one) => one.row_security).map((one) => one.name);
  if (names.length === 0) return null;
  const tables = list("table", "tables", names);
  return problem("RIGHTS_MISSING", `row-level security would hide rows from the role in ${tables}`, {
    fix: `ALTER ROLE ${role} BYPASSRLS;`,
  });
}

function distinct(sorted: readonly string[]): string[] {
  return [...new Set(sorted)];
}

function list(one: string, many: string, names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).join(", ");
  if (names.length === 1) return `${one} ${shown}`;
  return names.length > SHOWN
    ? `${names.length} ${many}: ${shown} and ${names.length - SHOWN} more`
    : `${names.length} ${many}: ${shown}`;
}
