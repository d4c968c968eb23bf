import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Cluster } from "./postgres-cluster.ts";

export interface HeldLock {
  /** Ends the transaction; resolves when its session is gone. */
  release(): Promise<void>;
  /** Ends the transaction; returns as soon as psql was told, for a caller that is about to watch closely. */
  releaseSoon(): void;
}

/** Opens a transaction in a session of its own, runs SQL in it, and keeps it open. */
export async function holdLock(cluster: Cluster, database: string, sql: string): Promise<HeldLock> {
  const child = spawn(join(cluster.binFolder, "psql"), ["-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-"], {
    cwd: "/",
    env: {
      ...process.env,
      PGHOST: cluster.socketFolder,
      PGPORT: String(cluster.port),
      PGUSER: cluster.superuser,
      PGPASSWORD: cluster.password,
      PGDATABASE: database,
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  child.stdin.on("error", () => {}); // the server may be gone before the test ends
  child.stdin.write(`BEGIN; ${sql};\n\\echo held\n`);
  const first = await Promise.race([once(child.stdout, "data"), closed.then(() => null)]);
  if (first === null) throw new Error(`psql ended before it held: ${sql}`);
  const releaseSoon = (): void => void child.stdin.end("COMMIT;\n");
  return {
    releaseSoon,
    release: async () => {
      releaseSoon();
      await closed;
    },
  };
}

/**
 * Lets a dump of this database stop in the middle: the tables pass, then pg_dump waits for the first large object. The
 * database has to have one, see `fillForStall`.
 */
export function stallDumps(cluster: Cluster, database: string): Promise<HeldLock> {
  return holdLock(cluster, database, "LOCK TABLE pg_largeobject IN ACCESS EXCLUSIVE MODE");
}

/** Some MiB that do not compress well, for the tables that pass, and one large object, for the dump to wait at. */
export async function fillForStall(cluster: Cluster, database: string): Promise<void> {
  await cluster.psql(
    database,
    `CREATE TABLE signals AS SELECT g AS id, sha256(g::text::bytea) AS body FROM generate_series(1, 100000) g;
     SELECT lo_from_bytea(0, 'a large object');`,
  );
}
