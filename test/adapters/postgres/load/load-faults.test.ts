import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { NamedDatabase } from "../../../../src/ports/restore-target.ts";
import { programsOf } from "../../../support/child-processes.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { childWith } from "../processes.ts";
import { dumpOf, emptyDatabase, load, problemOf, streamOf } from "./loading.ts";

const POLL = { timeout: 120_000 };
let cluster: Cluster;
/** A table of 6 MB, and a view whose filling waits for a lock that a test may hold. */
let archive: Buffer;
let count = 0;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true, settings: { deadlock_timeout: "100ms" } });
  await cluster.createDatabase("shop");
  await cluster.psql(
    "shop",
    `CREATE TABLE big AS SELECT i AS id, repeat(md5(i::text), 5) AS note FROM generate_series(1, 36000) AS i;
     CREATE FUNCTION waiting() RETURNS bigint LANGUAGE plpgsql AS
       'BEGIN
          PERFORM pg_advisory_xact_lock(4713);
          WHILE EXISTS (SELECT FROM pg_locks WHERE locktype = ''advisory'' AND objid = 4712)
            AND NOT EXISTS (SELECT FROM pg_locks WHERE relation = ''public.slow''::regclass AND NOT granted)
            LOOP PERFORM pg_sleep(0.01); END LOOP;
          PERFORM pg_advisory_xact_lock(4711); RETURN count(*) FROM public.big;
        END';
     CREATE MATERIALIZED VIEW slow AS SELECT waiting() AS rows;
     CREATE INDEX ON big (id); CREATE UNIQUE INDEX ON slow (rows);`,
  );
  archive = await dumpOf(cluster, "shop");
});

afterAll(() => cluster?.stop());

/** No program and no file of a load is left, however it ended. */
afterEach(async () => {
  expect(programsOf(cluster)).toEqual([]);
  await expect.poll(loadFolders, POLL).toEqual([]); // those of loads elsewhere on this machine go at once
});

function loadFolders(): readonly string[] {
  return readdirSync("/dev/shm").filter((name) => name.startsWith("dbops-load-"));
}

function side(): Promise<NamedDatabase> {
  count++;
  return emptyDatabase(cluster, `side ${count}`);
}

/** The first half of the archive, then nothing until `go`; `more` is what follows then. */
function halfStream(more = true): { readonly body: Readable; readonly go: () => void } {
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  const half = archive.length / 2;
  const pieces = async function* () {
    yield archive.subarray(0, half);
    await gate;
    if (more) yield archive.subarray(half);
  };
  return { body: Readable.from(pieces(), { objectMode: false }), go };
}

const IN_COPY = "query LIKE 'COPY public.big%' AND state = 'active'";
const WAITING = "query LIKE 'REFRESH%' AND wait_event_type = 'Lock'";

/** Waits until the load does this, in its database. */
async function until(into: NamedDatabase, what: string): Promise<void> {
  const sql = `SELECT count(*) FROM pg_stat_activity WHERE datid = ${into.oid} AND ${what}`;
  await expect.poll(() => cluster.psql("postgres", sql), POLL).not.toBe("0");
}

async function terminate(into: NamedDatabase, what: string): Promise<void> {
  const sql = `SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datid = ${into.oid} AND ${what}`;
  expect(await cluster.psql("postgres", sql)).toBe("t");
}

/** Holds the lock that the filling of the view waits for; `then` runs in the same session as soon as a load waits for it. */
function holdLock(into: NamedDatabase, then: string): Promise<string> {
  const isWaited = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = ${into.oid}`;
  return cluster.psql(
    into.name,
    `SET deadlock_timeout = '1h'; SELECT pg_advisory_lock(4711);
     DO $$ BEGIN WHILE NOT EXISTS (${isWaited}) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
     ${then}; SELECT pg_advisory_unlock_all();`,
  );
}

/**
 * As `holdLock`, and asks for the view, which the filling holds, before the filling waits for the lock. So the circle is closed by the
 * load, which is the one that notices it.
 */
function closeCircle(into: NamedDatabase): Promise<string> {
  const fills = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4713 AND database = ${into.oid}`;
  return cluster.psql(
    into.name,
    `SET deadlock_timeout = '1h'; SELECT pg_advisory_lock(4711), pg_advisory_lock(4712);
     DO $$ BEGIN WHILE NOT EXISTS (${fills}) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
     SELECT count(*) FROM slow;`,
  );
}

/** How large a file of the server may become; as the server's own user, who may change that. */
function limitFiles(bytes: string): void {
  const pidFile = join(dirname(cluster.logFile), "data", "postmaster.pid");
  const [pid = ""] = readFileSync(pidFile, "utf8").split("\n");
  const { uid, gid } = statSync(`/proc/${pid}`);
  const as =
    uid === process.getuid?.() ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  const [program = "", ...args] = [...as, "prlimit", "--pid", pid, `--fsize=${bytes}:`];
  execFileSync(program, args);
}

describe("the data of an archive", () => {
  test("are not loaded when the server ends the session in the middle, though the stream has more", async () => {
    const into = await side();
    const { body, go } = halfStream();
    const loaded = problemOf(load(cluster, { archive: body, into }));
    await until(into, IN_COPY);
    await terminate(into, IN_COPY);
    go();
    const problem = await loaded;
    expect(problem.code).toBe("LOAD_FAILED");
    expect(problem.detail).toMatch(/terminating connection|PQputCopyData|server closed|connection not open/);
    expect(problem.fix).toContain("then apply again");
    expect(body.destroyed).toBe(true);
  });

  test("are not loaded when pg_restore is killed while the stream gives nothing", async () => {
    const into = await side();
    const { body } = halfStream();
    const loaded = problemOf(load(cluster, { archive: body, into }));
    await until(into, IN_COPY);
    for (const { pid } of programsOf(cluster)) process.kill(pid, "SIGKILL");
    expect((await loaded).detail).toMatch(/: killed by SIGKILL$/);
    expect(body.destroyed).toBe(true);
  });

  test("are not loaded when the archive is cut, and nothing of the table is there", async () => {
    const into = await side();
    const problem = await problemOf(
      load(cluster, { archive: archive.subarray(0, archive.length / 2), into }),
    );
    expect([problem.code, problem.fix]).toEqual(["LOAD_FAILED", "verify the backup, or restore another one"]);
    expect(problem.detail).toContain("end of file");
    expect(await cluster.psql(into.name, "SELECT count(*) FROM big")).toBe("0");
  });

  test("are not loaded when the stream fails in the middle: its own error is told", async () => {
    const half = archive.subarray(0, archive.length / 2);
    const body = streamOf(half, 65536, new Error("a chunk is not sealed"));
    const into = await side();
    await expect(load(cluster, { archive: body, into })).rejects.toThrow("a chunk is not sealed");
    expect(await cluster.psql(into.name, "SELECT count(*) FROM big")).toBe("0");
  });

  test("are not loaded when the stream fails after the last byte: its own error is told", async () => {
    const body = streamOf(archive, 65536, new Error("the last chunk is not sealed"));
    await expect(load(cluster, { archive: body, into: await side() })).rejects.toThrow("not sealed");
  });

  test("are not loaded when it is interrupted", async () => {
    const into = await side();
    const { body } = halfStream();
    const abort = new AbortController();
    const loaded = load(cluster, { archive: body, into, signal: abort.signal });
    const outcome = expect(loaded).rejects.toThrow("stop it");
    await until(into, IN_COPY);
    abort.abort(new Error("stop it"));
    await outcome;
    expect(body.destroyed).toBe(true);
  });

  test("fail with the server's message when its disk is full, and the rest is tried", async () => {
    const into = await side();
    // a table larger than a server's file may be, which is a disk that only it fills; WAL files have 16 MiB
    await cluster.psql(
      "shop",
      "CREATE TABLE huge AS SELECT repeat(md5(i::text), 50) FROM generate_series(1, 15000) AS i",
    );
    const larger = await dumpOf(cluster, "shop");
    await cluster.psql("shop", "DROP TABLE huge");
    limitFiles("17000000");
    const report = await load(cluster, { archive: larger, into }).finally(() => limitFiles("unlimited"));
    expect(report.failures).toHaveLength(1);
    expect(report.failures[0]?.entry).toContain("TABLE DATA public huge");
    expect(report.failures[0]?.message).toMatch(/^could not (extend|write).* file "base\//);
    expect(await cluster.psql(into.name, "SELECT rows FROM slow")).toBe("36000");
  });
});

describe("the head of an archive", () => {
  test("that is cut, or no head, is OBJECT_DAMAGED before anything is loaded", async () => {
    const into = await side();
    for (const damaged of [archive.subarray(0, 500), Buffer.from("no archive"), Buffer.alloc(0)]) {
      const problem = await problemOf(load(cluster, { archive: damaged, into }));
      expect([problem.code, problem.fix]).toEqual([
        "OBJECT_DAMAGED",
        "verify the backup, or take another one",
      ]);
    }
    expect(await cluster.psql(into.name, "SELECT count(*) FROM pg_class WHERE oid >= 16384")).toBe("0");
  });

  test("with one flipped bit is damaged, or fails, or names what it holds wrongly, and never hangs", async () => {
    const at = archive.indexOf("CREATE TABLE public.big");
    const flips = [0, 5, 12, 60, at - 2, at - 1, at + 3, at + 21];
    for (const position of flips) {
      const damaged = Buffer.from(archive);
      damaged.writeUInt8(damaged.readUInt8(position) ^ 0x40, position);
      const into = await side();
      const outcome = await load(cluster, { archive: damaged, into }).catch((error: unknown) =>
        problemOf(Promise.reject(error)),
      );
      if ("code" in outcome) expect(["OBJECT_DAMAGED", "LOAD_FAILED"]).toContain(outcome.code);
      else expect(outcome.failures.length, `bit of byte ${position}`).toBeGreaterThan(0);
    }
  });
});

describe("indexes and constraints", () => {
  test("that met a deadlock are loaded again, with what needed them", async () => {
    const into = await side();
    const held = closeCircle(into).catch(() => undefined); // it has no rows yet
    const report = await load(cluster, { archive, into, jobs: 2 });
    await held;
    expect(report.failures).toEqual([]);
    expect(report.warnings).toEqual(["after a deadlock 1 entries were loaded again with one session"]);
    expect(await cluster.psql(into.name, "SELECT rows FROM slow")).toBe("36000");
  });

  test("are not loaded when the server ends a worker's session", async () => {
    const into = await side();
    const held = holdLock(into, "SELECT pg_sleep(600)").catch(() => undefined);
    const loaded = problemOf(load(cluster, { archive, into, jobs: 2 }));
    await until(into, WAITING);
    await terminate(into, WAITING);
    const problem = await loaded;
    expect([problem.code, problem.detail]).toEqual([
      "LOAD_FAILED",
      expect.stringContaining("terminating connection due to administrator command"),
    ]);
    await terminate(into, "query LIKE '%pg_sleep(600)%'");
    await held;
  });

  test("are not loaded when pg_restore is killed, and its workers end with it", async () => {
    const into = await side();
    const held = holdLock(into, "SELECT pg_sleep(600)").catch(() => undefined);
    const loaded = problemOf(load(cluster, { archive, into, jobs: 2 }));
    await until(into, WAITING);
    expect(programsOf(cluster)).toHaveLength(3);
    process.kill(childWith("--jobs=2").pid, "SIGKILL");
    expect((await loaded).detail).toContain("killed by SIGKILL");
    await terminate(into, "query LIKE '%pg_sleep(600)%'");
    await held;
  });

  test("are not loaded when it is interrupted, and no session goes on", async () => {
    const into = await side();
    const held = holdLock(into, "SELECT pg_sleep(600)").catch(() => undefined);
    const abort = new AbortController();
    const outcome = expect(load(cluster, { archive, into, signal: abort.signal })).rejects.toThrow("stop it");
    await until(into, WAITING);
    abort.abort(new Error("stop it"));
    await outcome;
    await terminate(into, "query LIKE '%pg_sleep(600)%'");
    await held;
    const left = `SELECT count(*) FROM pg_stat_activity WHERE datid = ${into.oid}`;
    await expect.poll(() => cluster.psql("postgres", left), POLL).toBe("0");
  });
});
