import { onTestFinished } from "vitest";
import { contentOf } from "./database-content.ts";
import { type Declared, declareApp } from "./declared-environment.ts";
import { type Cluster, startCluster } from "./postgres-cluster.ts";
import { mustSucceed, takeBackup } from "./taken-backup.ts";
import { copyWorkplace, makeWorkplace, type Workplace } from "./workplace.ts";

/** A server on which the admin role may neither create databases nor is a superuser, and one backup of a database on it. */
export interface InPlaceWorld {
  readonly cluster: Cluster;
  /** What was backed up, without what dbops put beside it. */
  readonly original: string;
  /** A workplace of its own for one test, whose `app` is a database of its own, ruined since it was backed up. */
  ruined(declared?: Declared): Promise<InPlace>;
  stop(): Promise<void>;
}

export interface InPlace extends Workplace {
  /** The name of the database on the server. */
  readonly live: string;
}

/** The admin role of every place. */
export const MANAGER = "manager";

export async function startInPlaceWorld(): Promise<InPlaceWorld> {
  const [cluster, template] = await Promise.all([startCluster({ inMemory: true }), makeWorkplace()]);
  const stop = async () => {
    await template.remove();
    await cluster.stop();
  };
  try {
    await cluster.psql("postgres", ROLES);
    await cluster.createRole(MANAGER, "IN ROLE app_owner, pg_signal_backend");
    await cluster.psql("postgres", `CREATE DATABASE source OWNER app_owner`);
    await cluster.psql("source", SCHEMA);
    await declareApp(template, cluster, declaration(cluster, "source"));
    mustSucceed(await template.dbops(["init", "stores", "production"]));
    await takeBackup(template);
    return {
      cluster,
      original: await loadedIn(cluster, "source"),
      ruined: (declared) => ruinedPlace(cluster, template, declared),
      stop,
    };
  } catch (error) {
    await stop(); // nobody else can
    throw error;
  }
}

/** All that makes a database what it is, but what dbops put aside in it. */
export async function loadedIn(cluster: Cluster, database: string): Promise<string> {
  const { checksums } = await contentOf(cluster, database);
  const text = await cluster.psql(database, CATALOG);
  return `${checksums
    .split("\n")
    .filter((line) => !line.startsWith("dbops_"))
    .join("\n")}\n${text}`;
}

function declaration(cluster: Cluster, database: string): Declared {
  const password = { file: cluster.passwordFile };
  return { database, admin: { user: MANAGER, password }, identities: [{ file: "./age.key" }] };
}

let places = 0;

async function ruinedPlace(cluster: Cluster, template: Workplace, declared: Declared = {}): Promise<InPlace> {
  const live = `it's "live" ${++places}`;
  const copy = await copyWorkplace(template);
  onTestFinished(() => copy.remove());
  const name = `"${live.replaceAll('"', '""')}"`;
  await cluster.psql("postgres", `CREATE DATABASE ${name} TEMPLATE source OWNER app_owner`);
  await cluster.psql(
    "postgres",
    `REVOKE ALL ON DATABASE ${name} FROM PUBLIC; GRANT CONNECT ON DATABASE ${name} TO reader`,
  );
  await cluster.psql(live, RUIN);
  await declareApp(copy, cluster, { ...declaration(cluster, live), ...declared });
  return { ...copy, live };
}

const ROLES = "CREATE ROLE app_owner; CREATE ROLE reader LOGIN;";

const SCHEMA = `
  SET ROLE app_owner;
  CREATE SCHEMA "Größe & Maß";
  CREATE TYPE "Größe & Maß".mood AS ENUM ('good', 'bad');
  CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE, mood "Größe & Maß".mood DEFAULT 'good');
  INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, 1000) n;
  CREATE FUNCTION loud(t text) RETURNS text LANGUAGE sql IMMUTABLE RETURN upper(t);
  CREATE TABLE "Größe & Maß"."odd table" (id int REFERENCES users, "loud name" text GENERATED ALWAYS AS (public.loud('a')) STORED);
  INSERT INTO "Größe & Maß"."odd table" SELECT id FROM users;
  CREATE VIEW names AS SELECT name FROM users;
  GRANT SELECT ON names, users TO reader;
  COMMENT ON SCHEMA public IS 'ours';
  GRANT CREATE ON SCHEMA public TO reader;
  CREATE PUBLICATION changes FOR TABLE users;
  CREATE SCHEMA auth;
  CREATE TABLE auth.accounts AS SELECT 1 AS id, 'then' AS since;
  SELECT lo_from_bytea(4711, 'a large object');
  RESET ROLE;`;

/** What a wrong release and a tired person leave. */
const RUIN = `
  DROP PUBLICATION changes; SELECT lo_unlink(4711);
  ALTER TABLE users DROP COLUMN name CASCADE; DROP SCHEMA "Größe & Maß" CASCADE;
  UPDATE auth.accounts SET since = 'now';
  CREATE SCHEMA wrong; ALTER SCHEMA wrong OWNER TO app_owner; CREATE TABLE wrong.t AS SELECT 7 AS id;`;

const CATALOG = `
  SELECT nspname, nspowner::regrole, nspacl, obj_description(oid, 'pg_namespace') FROM pg_namespace
    WHERE nspname !~ '^(pg_|dbops_)' AND nspname <> 'information_schema' ORDER BY 1;
  SELECT n.nspname, relname, relkind, relowner::regrole, relacl, pg_get_viewdef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname !~ '^(pg_|dbops_)' AND nspname <> 'information_schema' ORDER BY 1, 2;
  SELECT n.nspname, proname, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
    WHERE nspname !~ '^(pg_|dbops_)' AND nspname <> 'information_schema' ORDER BY 1, 2;
  SELECT conrelid::regclass::text, conname, pg_get_constraintdef(o.oid) FROM pg_constraint o JOIN pg_namespace n ON n.oid = connamespace
    WHERE nspname !~ '^(pg_|dbops_)' AND nspname <> 'information_schema' ORDER BY 1, 2;
  SELECT pubname, schemaname, tablename FROM pg_publication_tables WHERE schemaname !~ '^dbops_' ORDER BY 1, 2, 3;`;
