import { execFile } from "node:child_process";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { loadPlain } from "../../../../src/adapters/postgres/load-plain/load-plain.ts";
import { adminAccess } from "../../../../src/adapters/postgres/restore-target/admin-access.ts";
import type { LoadReport } from "../../../../src/ports/restore-target.ts";
import type { Cluster } from "../../../support/postgres-cluster.ts";
import { secrets, signal } from "../declared.ts";
import { adminOf, declaredWith, oidOf } from "../restore-target/target-access.ts";

/** What this machine's pg_dump -Fp writes of a database. */
export async function plainDump(
  cluster: Cluster,
  database: string,
  args: readonly string[] = [],
): Promise<Buffer> {
  const env = {
    PATH: process.env["PATH"],
    LC_ALL: "C",
    PGHOST: cluster.host,
    PGPORT: String(cluster.port),
    PGUSER: cluster.superuser,
    PGPASSWORD: cluster.password,
    PGDATABASE: database,
  };
  const options = { env, maxBuffer: 1024 * 1024 * 1024, encoding: "buffer" as const };
  return (await promisify(execFile)(join(cluster.binFolder, "pg_dump"), ["-Fp", ...args], options)).stdout;
}

let made = 0;

/** A new, empty database. */
export async function emptyDatabase(cluster: Cluster): Promise<string> {
  const name = `side ${++made}`;
  await cluster.psql("postgres", `CREATE DATABASE "${name}" TEMPLATE template0`);
  return name;
}

export async function loadInto(
  cluster: Cluster,
  name: string,
  dump: Readable | Buffer,
  more: {
    readonly user?: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly signal?: AbortSignal;
    readonly ignoreTablespaces?: boolean;
  } = {},
): Promise<LoadReport> {
  const env = more.env ?? { PATH: process.env["PATH"] };
  const access = adminAccess(declaredWith(cluster, adminOf(cluster, more.user)), { secrets, env });
  const load = {
    into: { name, oid: await oidOf(cluster, name) },
    archive: Buffer.isBuffer(dump) ? Readable.from([dump]) : dump,
    ignoreTablespaces: more.ignoreTablespaces ?? false,
    onProgress: () => undefined,
  };
  return loadPlain(access, load, more.signal ?? signal());
}

/** Relations in it that initdb did not make. */
export function relationsIn(cluster: Cluster, name: string): Promise<string> {
  return cluster.psql(name, "SELECT count(*) FROM pg_class WHERE oid >= 16384");
}
