import { spawn } from "node:child_process";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { loadArchive } from "../../../../src/adapters/postgres/load/load-archive.ts";
import {
  type AdminAccess,
  adminAccess,
} from "../../../../src/adapters/postgres/restore-target/admin-access.ts";
import type { Load, LoadReport, NamedDatabase } from "../../../../src/ports/restore-target.ts";
import { DbopsError } from "../../../../src/problems/dbops-error.ts";
import type { Problem } from "../../../../src/problems/problem.ts";
import type { Cluster } from "../../../support/postgres-cluster.ts";
import { declared, secrets } from "../declared.ts";

export const MADE_BY = "pg_dump (PostgreSQL) 15.1";

/** An empty database from template0. */
export async function emptyDatabase(
  cluster: Cluster,
  name: string,
  owner = "postgres",
): Promise<NamedDatabase> {
  const quoted = `"${name.replaceAll('"', '""')}"`;
  await cluster.psql("postgres", `CREATE DATABASE ${quoted} TEMPLATE template0 OWNER ${owner}`);
  const oid = await cluster.psql(name, "SELECT oid FROM pg_database WHERE datname = current_database()");
  return { name, oid: Number(oid) };
}

/** pg_dump's own output, as dbops has it made. */
export function dumpStream(cluster: Cluster, database: string): Readable {
  const child = spawn(join(cluster.binFolder, "pg_dump"), ["-Fc", "-Z0"], {
    env: {
      PATH: process.env["PATH"],
      PGHOST: cluster.host,
      PGPORT: String(cluster.port),
      PGUSER: cluster.superuser,
      PGPASSWORD: cluster.password,
      PGDATABASE: database,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return child.stdout;
}

export function dumpOf(cluster: Cluster, database: string): Promise<Buffer> {
  return buffer(dumpStream(cluster, database));
}

export function accessTo(
  cluster: Cluster,
  more: { user?: string; env?: NodeJS.ProcessEnv } = {},
): AdminAccess {
  const { user = cluster.superuser, env = process.env } = more;
  const admin = { user, password: { file: cluster.passwordFile }, database: "postgres" };
  return adminAccess({ ...declared(cluster.connectionOf("postgres")), admin }, { secrets, env });
}

/** A stream of pieces, the last of which may be an error instead. */
export function streamOf(archive: Buffer, pieceBytes = 64 * 1024, error?: Error): Readable {
  const pieces = function* () {
    for (let at = 0; at < archive.length; at += pieceBytes) yield archive.subarray(at, at + pieceBytes);
    if (error !== undefined) throw error;
  };
  return Readable.from(pieces(), { objectMode: false });
}

export interface Loading extends Partial<Omit<Load, "archive">> {
  readonly archive: Readable | Buffer;
  readonly into: NamedDatabase;
  readonly user?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

export function load(cluster: Cluster, loading: Loading): Promise<LoadReport> {
  const { archive, user, env, signal = new AbortController().signal, ...more } = loading;
  const access = accessTo(cluster, { ...(user && { user }), ...(env && { env }) });
  const body = Buffer.isBuffer(archive) ? streamOf(archive) : archive;
  const plain = { madeBy: MADE_BY, jobs: 2, skip: [], onProgress: () => undefined };
  return loadArchive(access, { ...plain, ...more, archive: body }, signal);
}

/** The problem of a load that throws. */
export async function problemOf(loaded: Promise<unknown>): Promise<Problem> {
  const error: unknown = await loaded.then(
    () => new Error("it was loaded"),
    (thrown: unknown) => thrown,
  );
  const [problem] = error instanceof DbopsError ? error.problems : [];
  if (problem === undefined) throw error;
  return problem;
}
