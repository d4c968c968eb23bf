import type { Facts } from "../../model/audit-entry.ts";
import { databaseSql } from "./database-row.ts";
import type { DatabaseFacts } from "./facts.ts";
import { findOmissions } from "./omissions.ts";
import type { Session } from "./session.ts";

/**
 * The content of a backup's detail.json: what stood in the database, and what a restore has to bring beside the archive.
 * JSON; every list is sorted, names are as they are (not quoted).
 */
export async function readDetail(session: Session, facts: DatabaseFacts): Promise<Facts> {
  const [database] = await session.query<{ properties: object }>(databaseSql("current_database()"));
  const [counts] = await session.query<{ objects: number }>(
    "SELECT count(*)::float8 AS objects FROM pg_catalog.pg_largeobject_metadata",
  );
  return {
    identity: facts.identity,
    serverVersion: facts.serverVersion,
    isReplica: facts.isReplica,
    sizeBytes: facts.sizeBytes,
    database: database?.properties ?? null,
    tables: await session.query(TABLES),
    sequences: await session.query(SEQUENCES),
    extensions: await session.query(EXTENSIONS),
    largeObjects: counts?.objects ?? 0,
    eventTriggers: await session.query(EVENT_TRIGGERS),
    publications: await session.query(PUBLICATIONS),
    subscriptions: await session.query(SUBSCRIPTIONS),
    omissions: await findOmissions(session, facts),
  };
}

/** True for a schema `n` that is not the system's. */
export const USER_SCHEMAS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/**
 * Tables as detail.json lists them.
 * pg_table_size waits, up to lock_timeout, for whoever holds the relation exclusively: only for those that pg_dump locks too.
 */
export const TABLES = `
  SELECT n.nspname::text AS schema, c.relname::text AS name,
    CASE c.relkind WHEN 'r' THEN CASE WHEN c.relispartition THEN 'partition' ELSE 'table' END
      WHEN 'p' THEN 'partitioned table' WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END AS kind,
    CASE c.relkind WHEN 'r' THEN coalesce(pg_catalog.pg_table_size(c.oid), 0)
      ELSE greatest(c.relpages, 0) * current_setting('block_size')::float8 END AS bytes,
    CASE WHEN c.reltuples >= 0 THEN c.reltuples::float8 END AS "rowsEstimate"
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't' AND ${USER_SCHEMAS}
  ORDER BY 1, 2`;

const SEQUENCES = `
  SELECT n.nspname::text AS schema, c.relname::text AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND ${USER_SCHEMAS}
  ORDER BY 1, 2`;

const EXTENSIONS = `
  SELECT e.extname::text AS name, e.extversion AS version, n.nspname::text AS schema
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  ORDER BY 1`;

const EVENT_TRIGGERS = `
  SELECT t.evtname::text AS name, t.evtevent::text AS event, t.evtenabled::text AS enabled
  FROM pg_catalog.pg_event_trigger t ORDER BY 1`;

const PUBLICATIONS = `
  SELECT p.pubname::text AS name, p.puballtables AS "allTables" FROM pg_catalog.pg_publication p ORDER BY 1`;

const SUBSCRIPTIONS = `
  SELECT s.subname::text AS name, s.subenabled AS enabled, to_jsonb(s.subpublications) AS publications
  FROM pg_catalog.pg_subscription s
  WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  ORDER BY 1`;
