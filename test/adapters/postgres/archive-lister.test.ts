import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { archiveLister } from "../../../src/adapters/postgres/archive-lister.ts";
import { DbopsError } from "../../../src/problems/dbops-error.ts";
import type { Problem } from "../../../src/problems/problem.ts";
import { type Cluster, startCluster } from "../../support/postgres-cluster.ts";
import { open, signal, whole } from "./declared.ts";
import { children, childWith } from "./processes.ts";

const MADE_BY = "pg_dump (PostgreSQL) 15.1";
let cluster: Cluster;
let folder: string;
/** Of two tables, 4 MB: far more than a pipe holds. */
let archive: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbops-lister-"));
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase("shop");
  await cluster.psql("shop", "CREATE TABLE small (id int); CREATE TABLE big (id int, filling text);");
  await cluster.psql(
    "shop",
    "INSERT INTO big SELECT i, repeat(md5(i::text), 40) FROM generate_series(1, 3000) i",
  );
  const snapshot = await open(cluster.connectionOf("shop")).openSnapshot(signal());
  archive = (await whole(await snapshot.dump(signal()))).bytes;
  await snapshot.close();
});

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

function count(body: Readable, more: { env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {}) {
  return archiveLister(more.env).countEntries(body, MADE_BY, more.signal ?? signal());
}

/** Gives some bytes and then nothing more, and does not react to an abort by itself. */
function hanging(bytes: Buffer): Readable {
  const body = new Readable({ read: () => undefined });
  body.push(bytes);
  return body;
}

async function problemOf(counted: Promise<number>): Promise<Problem | undefined> {
  const error: unknown = await counted.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof DbopsError)) throw error;
  return error.problems[0];
}

/** A folder whose pg_restore answers --version and then runs these lines; the environment that makes dbops find it. */
async function replaced(lines: string): Promise<NodeJS.ProcessEnv> {
  const bin = await mkdtemp(join(folder, "bin-"));
  const head = `#!/bin/sh\nif [ "$1" = --version ]; then echo "pg_restore (PostgreSQL) 15.18"; exit 0; fi\n`;
  await writeFile(join(bin, "pg_restore"), `${head}${lines}\n`);
  await chmod(join(bin, "pg_restore"), 0o755);
  return { ...process.env, DBOPS_PG_BINDIR: bin };
}

function restores(): readonly unknown[] {
  return children().filter((one) => one.argv.includes("-l"));
}

describe("the entries of an archive", () => {
  test("are counted while all of it is read, far past what pg_restore takes from the pipe", async () => {
    let read = 0;
    const pieces = function* () {
      for (let at = 0; at < archive.length; at += 60_000) {
        const piece = archive.subarray(at, at + 60_000);
        read += piece.length;
        yield piece;
      }
    };
    expect(await count(Readable.from(pieces(), { objectMode: false }))).toBe(4); // two tables, and the data of each
    expect(read).toBe(archive.length);
    expect(archive.length).toBeGreaterThan(2_000_000);
  });

  test("are not counted when pg_restore cannot read it: OBJECT_DAMAGED", async () => {
    const damaged = Buffer.from(archive);
    damaged.fill(0xff, 0, 40);
    const problem = await problemOf(count(Readable.from([damaged], { objectMode: false })));
    expect(problem?.code).toBe("OBJECT_DAMAGED");
    expect(problem?.detail).toContain("cannot list the archive: pg_restore: error");
  });

  test("are not counted when it is cut within its head: OBJECT_DAMAGED", async () => {
    const problem = await problemOf(count(Readable.from([archive.subarray(0, 300)], { objectMode: false })));
    expect(problem?.code).toBe("OBJECT_DAMAGED");
  });
});

describe("an archive that errors in the middle", () => {
  test("gives its own error, not pg_restore's, and leaves no process", async () => {
    const pieces = async function* () {
      yield archive.subarray(0, 300);
      throw new Error("the last chunk is not sealed");
    };
    await expect(count(Readable.from(pieces(), { objectMode: false }))).rejects.toThrow("is not sealed");
    expect(restores()).toEqual([]);
  });

  test("gives its own error after pg_restore has read enough", async () => {
    const pieces = async function* () {
      yield archive;
      throw new Error("the last chunk is not sealed");
    };
    await expect(count(Readable.from(pieces(), { objectMode: false }))).rejects.toThrow("is not sealed");
  });
});

describe("an interrupt", () => {
  test("while the archive gives nothing ends it with the signal's reason and leaves no process", async () => {
    const abort = new AbortController();
    const body = hanging(archive.subarray(0, 300));
    const counted = count(body, { signal: abort.signal });
    const outcome = expect(counted).rejects.toThrow("stop it");
    await expect.poll(() => restores().length).toBe(1);
    expect(childWith("-l").argv).toContain("-l");
    abort.abort(new Error("stop it"));
    await outcome;
    expect(body.destroyed).toBe(true);
    expect(restores()).toEqual([]);
  });

  test("while pg_restore takes nothing ends it too", async () => {
    const abort = new AbortController();
    const env = await replaced("exec sleep 600");
    const outcome = expect(
      count(Readable.from([archive], { objectMode: false }), { env, signal: abort.signal }),
    ).rejects.toThrow("stop it");
    await expect.poll(() => children().filter((one) => one.argv.includes("600")).length).toBe(1);
    abort.abort(new Error("stop it"));
    await outcome;
    expect(children().filter((one) => one.argv.includes("600"))).toEqual([]);
  });

  test("that fails the store's body at the same moment leaves no rejection that nobody handles", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const abort = new AbortController();
    const body = hanging(archive.subarray(0, 300));
    abort.signal.addEventListener("abort", () => body.destroy(new Error("the store's read was aborted")));
    const outcome = expect(count(body, { signal: abort.signal })).rejects.toThrow();
    await expect.poll(() => restores().length).toBe(1);
    abort.abort(new Error("stop it"));
    await outcome;
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});

describe("a pg_restore", () => {
  test("that is missing is TOOL_MISSING, and the archive is let go", async () => {
    const body = hanging(archive);
    const env = { ...process.env, DBOPS_PG_BINDIR: join(folder, "nothing-here") };
    expect((await problemOf(count(body, { env })))?.code).toBe("TOOL_MISSING");
    expect(body.destroyed).toBe(true);
  });

  test("that is killed says nothing about the archive", async () => {
    const env = await replaced("kill -9 $$");
    const problem = await problemOf(count(Readable.from([archive], { objectMode: false }), { env }));
    expect([problem?.code, problem?.detail]).toEqual([
      "STEP_FAILED",
      "pg_restore (PostgreSQL) 15.18 was killed by SIGKILL",
    ]);
  });

  test("that no longer starts says nothing about the archive", async () => {
    const env = await replaced("exit 0");
    await count(Readable.from([archive], { objectMode: false }), { env });
    await rm(join(env["DBOPS_PG_BINDIR"] ?? "", "pg_restore"));
    await writeFile(join(env["DBOPS_PG_BINDIR"] ?? "", "pg_restore"), "no program");
    const problem = await problemOf(count(Readable.from([archive], { objectMode: false }), { env }));
    expect(problem?.code).toBe("TOOL_MISSING");
  });
});
