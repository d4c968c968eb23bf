import { markerName } from "../../../../src/model/aside-schema.ts";
import type { DatabaseInside, SchemaMoves } from "../../../../src/model/in-place.ts";
import type { Aside, InPlaceTarget } from "../../../../src/ports/in-place-target.ts";
import type { Cluster } from "../../../support/postgres-cluster.ts";
import { signal } from "../declared.ts";
import { oidOf, targetOn } from "../restore-target/target-access.ts";

/** Owns the databases of the tests, and is neither superuser nor may it create one. */
export const ADMIN = "manager";

export const PLAN = "a".repeat(64);

/** A database of the admin role with this in it. */
export async function databaseWith(cluster: Cluster, name: string, sql: string): Promise<void> {
  await cluster.psql("postgres", `CREATE DATABASE ${name} OWNER ${ADMIN}`);
  await cluster.psql(name, `SET ROLE ${ADMIN}; ${sql}`);
}

/** As planning decides for a database in which everything is the application's. */
export async function asideOf(
  cluster: Cluster,
  name: string,
  more: Partial<SchemaMoves> = {},
): Promise<Aside> {
  const database = { name, oid: await oidOf(cluster, name) };
  const inside = await as(cluster).inspect(database, signal());
  const of = { environment: "production", database: "app", backup: "20250118_010000" };
  return { database, marker: markerName(name), plan: PLAN, of, moves: { ...movesOf(inside), ...more } };
}

/** The server, as this role. */
export function as(cluster: Cluster, user: string = ADMIN): InPlaceTarget {
  return targetOn(cluster, user).inPlace;
}

function movesOf({ schemas, extensions, hasLargeObjects }: DatabaseInside): SchemaMoves {
  const moved = schemas.map(({ name, oid }) => ({ name, oid }));
  return {
    schemas: moved,
    stays: [],
    made: [{ name: "public", owner: "pg_database_owner" }],
    extensions: extensions
      .filter(({ schema }) => schema === "public")
      .map(({ name, schema }) => ({ name, schema })),
    closes: true,
    hasLargeObjects,
  };
}

/** Every schema and relation, its oid, owner and privileges: what an application could notice. */
export function layoutOf(cluster: Cluster, name: string): Promise<string> {
  return cluster.psql(
    name,
    `SELECT nspname, oid, nspowner::regrole, nspacl, obj_description(oid, 'pg_namespace') FROM pg_namespace
       WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND nspname !~ '^dbops_' ORDER BY 1;
     SELECT c.oid, c.relname, relnamespace, relacl FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
       WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND nspname !~ '^dbops_' ORDER BY 1;
     SELECT extname, extnamespace::regnamespace FROM pg_extension ORDER BY 1;
     SELECT string_agg(one::text, ' ' ORDER BY one::text) FROM pg_database d, unnest(coalesce(datacl, acldefault('d', datdba))) one
       WHERE datname = current_database();`,
  );
}

/** Names of all schemas but the system's, with a space between them. */
export function schemasOf(cluster: Cluster, name: string): Promise<string> {
  return cluster.psql(
    name,
    `SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace
     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`,
  );
}
