import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Cluster } from "./postgres-cluster.ts";

/** All that makes two databases equal. */
export interface DatabaseContent {
  /** pg_dump as SQL, with a fixed `\restrict` key where this pg_dump writes one. */
  readonly text: string;
  /** Rows and checksum of each table and materialized view, and of each large object. */
  readonly checksums: string;
}

/** Reads a whole database, without any of dbops. */
export async function contentOf(cluster: Cluster, database: string): Promise<DatabaseContent> {
  const [text, checksums] = await Promise.all([
    sqlOf(cluster, database, ["pg_dump"]),
    checksumsOf(cluster, database),
  ]);
  return { text, checksums };
}

/** `pg_dumpall --globals-only` without passwords. */
export function globalsOf(cluster: Cluster): Promise<string> {
  return sqlOf(cluster, "postgres", ["pg_dumpall", "--globals-only", "--no-role-passwords"]);
}

async function sqlOf(
  cluster: Cluster,
  database: string,
  [program = "", ...args]: readonly string[],
): Promise<string> {
  const help = await run(cluster, program, ["--help"], database);
  const fixed = help.includes("--restrict-key") ? ["--restrict-key=fixed"] : [];
  return run(cluster, program, [...fixed, ...args], database);
}

const TABLES = `
  SELECT format('SELECT %L, count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C")) FROM ONLY %s AS t',
    c.oid::regclass, c.oid::regclass)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated)
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;
const LARGE_OBJECTS = "SELECT oid, md5(lo_get(oid)), lomacl FROM pg_largeobject_metadata ORDER BY oid";

async function checksumsOf(cluster: Cluster, database: string): Promise<string> {
  const queries = (await cluster.psql(database, TABLES)).split("\n");
  return cluster.psql(database, `${[...queries, LARGE_OBJECTS].join(";\n")};`);
}

async function run(
  cluster: Cluster,
  program: string,
  args: readonly string[],
  database: string,
): Promise<string> {
  const env = {
    PATH: process.env["PATH"],
    LC_ALL: "C.UTF-8",
    PGHOST: cluster.host,
    PGPORT: String(cluster.port),
    PGUSER: cluster.superuser,
    PGPASSWORD: cluster.password,
    PGDATABASE: database,
  };
  const options = { env, maxBuffer: 256 * 1024 * 1024 };
  return (await promisify(execFile)(join(cluster.binFolder, program), [...args], options)).stdout;
}
