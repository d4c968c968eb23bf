import { readFile } from "node:fs/promises";
import { onTestFinished } from "vitest";
import { contentOf, type DatabaseContent } from "./database-content.ts";
import { type Declared, declareApp } from "./declared-environment.ts";
import { startKept } from "./kept-world.ts";
import type { Cluster } from "./postgres-cluster.ts";
import { mustSucceed, takeBackup } from "./taken-backup.ts";
import { copyWorkplace, type Workplace } from "./workplace.ts";

/** A database with everything that is hard to bring back, and a workplace with one backup of it. */
export interface RestorableWorld {
  readonly cluster: Cluster;
  /** Of the backup. */
  readonly name: string;
  readonly stamp: string;
  /** What was backed up. */
  readonly original: Restored;
  /** A workplace of its own for one test, whose `app` is a database of its own, equal to what was backed up. */
  fresh(declared?: Declared): Promise<Place>;
  stop(): Promise<void>;
}

export interface Place extends Workplace {
  /** The name of the database on the server. */
  readonly live: string;
}

export interface Restored extends DatabaseContent {
  /** What hangs on the database: owner, privileges, settings, connection limit, comment. */
  readonly properties: string;
}

/** Makes one for a whole file of tests. The backup is taken of this very server: one of the server that was copied would be of another. */
export async function startRestorableWorld(): Promise<RestorableWorld> {
  const { cluster, template, made: original, stop } = await startKept("restorable", fillSource);
  try {
    await declareApp(template, cluster, { ...declaration(cluster), database: SOURCE, counts: "exact" });
    const { name } = (await takeBackup(template)).manifest;
    const fresh: RestorableWorld["fresh"] = (declared = {}) => freshPlace(template, cluster, declared);
    return { cluster, name, stamp: name.slice(-15), original, fresh, stop };
  } catch (error) {
    await stop(); // nobody else can
    throw error;
  }
}

/** The source in a marked workplace without a backup. */
async function fillSource(cluster: Cluster, template: Workplace): Promise<Restored> {
  await cluster.psql("postgres", ROLES);
  await cluster.createDatabase(SOURCE);
  await cluster.psql(SOURCE, await readFile("test/support/hard-schema.sql", "utf8"));
  await cluster.psql(SOURCE, "CREATE TABLE owned AS SELECT 1 AS id; ALTER TABLE owned OWNER TO app_owner");
  await cluster.psql(SOURCE, propertiesOf(SOURCE));
  await declareApp(template, cluster, { ...declaration(cluster), database: SOURCE });
  mustSucceed(await template.dbops(["init", "stores", "production"]));
  return restoredIn(cluster, SOURCE);
}

/** All that a restore brings back. */
export async function restoredIn(cluster: Cluster, database: string): Promise<Restored> {
  const [content, properties] = await Promise.all([
    contentOf(cluster, database),
    cluster.psql(database, PROPERTIES),
  ]);
  return { ...content, properties };
}

/** Every database of the server with its oid, closed ones included. */
export function databasesOf(cluster: Cluster): Promise<string> {
  return cluster.psql("postgres", "SELECT oid, datname FROM pg_database ORDER BY oid");
}

/** The name on the server of what was backed up. */
export const SOURCE = "the source";

const ROLES = `
  CREATE ROLE app_owner;
  CREATE ROLE reader LOGIN;
  CREATE ROLE "Größe = 'x'" LOGIN;`;

/** The admin of every place. */
export function declaration(cluster: Cluster): Declared {
  return {
    admin: { user: cluster.superuser, password: { file: cluster.passwordFile } },
    identities: [{ file: "./age.key" }],
  };
}

let places = 0;

async function freshPlace(template: Workplace, cluster: Cluster, declared: Declared): Promise<Place> {
  const live = `it's a "hard" n=${++places} dbname='y' ☃`;
  const copy = await copyWorkplace(template);
  onTestFinished(() => copy.remove());
  await cluster.psql("postgres", `CREATE DATABASE ${quoted(live)} TEMPLATE ${quoted(SOURCE)}`);
  await cluster.psql(live, propertiesOf(live));
  await declareApp(copy, cluster, { ...declaration(cluster), database: live, ...declared });
  return { ...copy, live };
}

function propertiesOf(database: string): string {
  const name = quoted(database);
  return `
    ALTER DATABASE ${name} OWNER TO app_owner;
    REVOKE ALL ON DATABASE ${name} FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${name} TO reader WITH GRANT OPTION;
    GRANT TEMPORARY ON DATABASE ${name} TO "Größe = 'x'";
    ALTER DATABASE ${name} SET work_mem = '7MB';
    ALTER DATABASE ${name} SET search_path = public, "Größe & Maß";
    ALTER ROLE reader IN DATABASE ${name} SET statement_timeout = '5min';
    ALTER DATABASE ${name} CONNECTION LIMIT 42;
    COMMENT ON DATABASE ${name} IS 'the one; isn''t it | {"state":"x"}';`;
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

const PROPERTIES = `
  SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit,
    (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a), shobj_description(oid, 'pg_database'),
    (SELECT jsonb_agg(jsonb_build_array(CASE WHEN setrole <> 0 THEN pg_get_userbyid(setrole) END, setconfig) ORDER BY setrole)
      FROM pg_db_role_setting WHERE setdatabase = pg_database.oid)
  FROM pg_database WHERE datname = current_database()`;
