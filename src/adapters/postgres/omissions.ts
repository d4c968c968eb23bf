import type { DatabaseFacts } from "./facts.ts";
import type { Session } from "./session.ts";

/** Something that belongs to the database and that pg_dump leaves out with exit code 0. */
export interface Omission {
  readonly kind: string;
  /** Of the objects, sorted; empty where it concerns the whole cluster. */
  readonly names: readonly string[];
  /** What has to be done by hand after a restore. */
  readonly why: string;
}

/** Finds what a dump by this role will silently lack. */
export async function findOmissions(session: Session, facts: DatabaseFacts): Promise<Omission[]> {
  const found: Omission[] = [
    { kind: "role-passwords", names: [], why: "never dumped; set them anew after a restore" },
  ];
  for (const { kind, why, sql } of questionsFor(facts)) {
    const rows = await session.query<{ name: string }>(
      `SELECT name FROM (${sql}) AS found ORDER BY name COLLATE "C"`,
    );
    if (rows.length > 0) found.push({ kind, names: rows.map((row) => row.name), why });
  }
  return found;
}

interface Question {
  readonly kind: string;
  readonly why: string;
  /** Gives one column `name`. */
  readonly sql: string;
}

const USER_MAPPINGS: Question = {
  kind: "user-mapping-options",
  why: "the role may not read them: they come back without user and password",
  sql: `SELECT m.srvname || ' for ' || m.usename AS name FROM pg_catalog.pg_user_mappings m
    WHERE m.umoptions IS NULL`,
};
const SUBSCRIPTIONS: Question = {
  kind: "subscriptions",
  why: "only a superuser dumps them: create them anew after a restore",
  sql: `SELECT s.subname AS name FROM pg_catalog.pg_subscription s
    WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())`,
};
const FOREIGN_TABLES: Question = {
  kind: "foreign-table-contents",
  why: "the rows live on another server: back it up there",
  sql: relations("c.relkind = 'f'"),
};
const UNLOGGED: Question = {
  kind: "unlogged-contents",
  why: "a replica has no rows of unlogged tables: they come back empty",
  sql: relations("c.relpersistence = 'u' AND c.relkind = 'r'"),
};
const IN_SYSTEM_SCHEMA: Question = {
  kind: "objects-in-pg_catalog",
  why: "made by hand in the system's schema, which is never dumped",
  sql: `SELECT found.name FROM (
      SELECT 'pg_class'::regclass AS class, c.oid, c.relname::text AS name FROM pg_catalog.pg_class c
        WHERE c.oid >= 16384 AND c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'S', 'f')
      UNION ALL
      SELECT 'pg_proc'::regclass, p.oid, p.oid::regprocedure::text FROM pg_catalog.pg_proc p
        WHERE p.oid >= 16384 AND p.pronamespace = 'pg_catalog'::regnamespace
    ) AS found
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = found.class AND d.objid = found.oid AND d.deptype = 'e')`,
};
const SLOTS: Question = {
  kind: "replication-slots",
  why: "a logical slot hangs on the running database: create it anew after a restore",
  sql: `SELECT s.slot_name AS name FROM pg_catalog.pg_replication_slots s
    WHERE s.database = current_database() AND NOT s.temporary`,
};

function questionsFor(facts: DatabaseFacts): Question[] {
  return [
    USER_MAPPINGS,
    ...(facts.isSuperuser ? [] : [SUBSCRIPTIONS]),
    FOREIGN_TABLES,
    ...(facts.isReplica ? [UNLOGGED] : []),
    IN_SYSTEM_SCHEMA,
    SLOTS,
  ];
}

function relations(condition: string): string {
  return `SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE ${condition} AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;
}
