import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { archiveReader } from "../../../src/adapters/postgres/archive-reader.ts";
import { type Cluster, startCluster } from "../../support/postgres-cluster.ts";
import { signal } from "./declared.ts";
import { dumpOf, MADE_BY, problemOf, streamOf } from "./load/loading.ts";
import { children } from "./processes.ts";

const HARD_SCHEMA = join(import.meta.dirname, "../../support/hard-schema.sql");
let cluster: Cluster;
let folder: string;
/** Of the hard schema, with 8 MB of data behind its head. */
let archive: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbops-reader-"));
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase("shop");
  await cluster.psql("shop", `\\i ${HARD_SCHEMA}`);
  await cluster.psql(
    "shop",
    "CREATE TABLE big AS SELECT repeat(md5(i::text), 250) FROM generate_series(1, 1000) i",
  );
  archive = await dumpOf(cluster, "shop");
});

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

function entriesOf(body: Readable, more: { env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {}) {
  return archiveReader(more.env).entriesOf(body, MADE_BY, more.signal ?? signal());
}

describe("the entries of an archive", () => {
  test("are read from its head, and the rest of the stream is let go", async () => {
    const body = streamOf(archive);
    let read = 0;
    body.on("data", (chunk: Buffer) => (read += chunk.length)).pause();
    const entries = await entriesOf(body);
    expect(entries.map(({ type, rest }) => `${type} ${rest}`)).toEqual(
      expect.arrayContaining([
        `TABLE DATA Größe & Maß Tabelle mit "Namen" = 'x' postgres`,
        "EVENT TRIGGER - note_ddl postgres",
        "MATERIALIZED VIEW DATA public daily postgres",
        "EXTENSION - hstore",
      ]),
    );
    expect(body.destroyed).toBe(true);
    expect(read).toBeLessThan(archive.length / 2);
    expect(children().filter((one) => one.argv.includes("-l"))).toEqual([]);
  });

  test("of an empty database are none", async () => {
    await cluster.createDatabase("nothing");
    expect(await entriesOf(streamOf(await dumpOf(cluster, "nothing")))).toEqual([]);
  });

  test("are not read from what is no archive, or cut within its head: OBJECT_DAMAGED", async () => {
    for (const damaged of [Buffer.from("PGDMP and no more"), archive.subarray(0, 3000)])
      expect((await problemOf(entriesOf(streamOf(damaged)))).code).toBe("OBJECT_DAMAGED");
  });

  test("are not read from a stream that fails before its head is whole: its own error is told", async () => {
    const body = streamOf(archive.subarray(0, 3000), 1000, new Error("a chunk is not sealed"));
    await expect(entriesOf(body)).rejects.toThrow("a chunk is not sealed");
  });

  test("are not read after an interrupt, though the stream gives nothing", async () => {
    const body = new Readable({ read: () => undefined });
    body.push(archive.subarray(0, 3000));
    const abort = new AbortController();
    const outcome = expect(entriesOf(body, { signal: abort.signal })).rejects.toThrow("stop it");
    await expect
      .poll(() => children().filter((one) => one.argv.includes("-l")).length, { timeout: 60_000 })
      .toBe(1);
    abort.abort(new Error("stop it"));
    await outcome;
    expect(body.destroyed).toBe(true);
    expect(children().filter((one) => one.argv.includes("-l"))).toEqual([]);
  });

  test("need a pg_restore: TOOL_MISSING, and the stream is let go", async () => {
    const body = streamOf(archive);
    const env = { ...process.env, DBOPS_PG_BINDIR: join(folder, "nothing-here") };
    expect((await problemOf(entriesOf(body, { env }))).code).toBe("TOOL_MISSING");
    expect(body.destroyed).toBe(true);
  });
});
