import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { NamedDatabase } from "../../../../src/ports/restore-target.ts";
import { programsOf } from "../../../support/child-processes.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { dumpOf, emptyDatabase, load, problemOf } from "./loading.ts";

const POLL = { timeout: 60_000 };
let cluster: Cluster;
/** Two tables of 2 MB each; an index of the first one waits for a lock that a test may hold. */
let archive: Buffer;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase("shop");
  await cluster.psql(
    "shop",
    `CREATE FUNCTION waiting(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
       'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN id; END';
     CREATE TABLE a AS SELECT i AS id, i % 1000 AS twice, repeat(md5(i::text), 5) AS note FROM generate_series(1, 12000) AS i;
     CREATE TABLE b AS TABLE a;
     ALTER TABLE a ADD PRIMARY KEY (id); ALTER TABLE b ADD PRIMARY KEY (id);
     ALTER TABLE b ADD FOREIGN KEY (id) REFERENCES a;
     CREATE INDEX a_waits ON a (waiting(id)) WHERE id < 5; CREATE INDEX b_twice ON b (twice);`,
  );
  archive = await dumpOf(cluster, "shop");
});

afterAll(() => cluster?.stop());

/** The archive but for its last MB, which follows when `until` has come true: in the midst of the second table's rows. */
function halting(until: () => Promise<void>): Readable {
  const pieces = async function* () {
    yield archive.subarray(0, archive.length - 1024 * 1024);
    await until();
    yield archive.subarray(archive.length - 1024 * 1024);
  };
  return Readable.from(pieces(), { objectMode: false });
}

function indexesIn({ name }: NamedDatabase): Promise<string> {
  return cluster.psql(
    name,
    "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public'",
  );
}

const BUILDING = "query LIKE 'CREATE INDEX a_waits%' AND wait_event_type = 'Lock'";

async function untilBuilding(into: NamedDatabase): Promise<void> {
  const sql = `SELECT count(*) FROM pg_stat_activity WHERE datid = ${into.oid} AND ${BUILDING}`;
  await expect.poll(() => cluster.psql("postgres", sql), POLL).toBe("1");
}

/** Keeps `a_waits` from being built until the session is ended. */
async function hold(into: NamedDatabase): Promise<() => Promise<void>> {
  const held = cluster.psql(into.name, "SELECT pg_advisory_lock(4711); SELECT pg_sleep(600)").catch(() => "");
  const sql = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = ${into.oid} AND mode = 'ExclusiveLock'`;
  await expect.poll(() => cluster.psql("postgres", sql), POLL).toBe("1");
  return async () => {
    const holder = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datid = ${into.oid} AND query LIKE '%pg_sleep(600)%'`;
    await cluster.psql("postgres", holder);
    await held;
  };
}

test("indexes of a table are built while the rows of the next are on their way", async () => {
  const into = await emptyDatabase(cluster, "early");
  const body = halting(() => expect.poll(() => indexesIn(into), POLL).toBe("a_pkey a_waits"));
  const report = await load(cluster, { archive: body, into });
  expect(report.failures).toEqual([]);
  expect(await indexesIn(into)).toBe("a_pkey a_waits b_pkey b_twice");
});

test("with one job they wait for all rows", async () => {
  const into = await emptyDatabase(cluster, "one job");
  let seen = "";
  const body = halting(async () => {
    const sql = "SELECT count(*) > 0 FROM pg_stat_progress_copy WHERE relid = 'b'::regclass";
    await expect.poll(() => cluster.psql(into.name, sql).catch(() => ""), POLL).toBe("t");
    seen = await indexesIn(into);
  });
  const report = await load(cluster, { archive: body, into, jobs: 1 });
  expect([seen, report.failures]).toEqual(["", []]);
  expect(await indexesIn(into)).toBe("a_pkey a_waits b_pkey b_twice");
});

test("one that is still being built when all rows are there keeps only what needs it waiting", async () => {
  const into = await emptyDatabase(cluster, "late");
  const release = await hold(into);
  const loaded = load(cluster, { archive: halting(() => untilBuilding(into)), into });
  await expect.poll(() => indexesIn(into), POLL).toBe("a_pkey b_pkey b_twice");
  const keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f'";
  expect(await cluster.psql(into.name, keys)).toBe("0");
  await release();
  expect((await loaded).failures).toEqual([]);
  expect([await indexesIn(into), await cluster.psql(into.name, keys)]).toEqual([
    "a_pkey a_waits b_pkey b_twice",
    "1",
  ]);
});

test("the failure of one is told once, with its entry, and nothing else is lost", async () => {
  const into = await emptyDatabase(cluster, "refused");
  await cluster.psql("shop", "CREATE INDEX a_twice ON a (id, twice)");
  const twice = await dumpOf(cluster, "shop");
  await cluster.psql("shop", "DROP INDEX a_twice");
  const broken = Buffer.from(
    twice
      .toString("latin1")
      .replaceAll("a_twice ON public.a USING btree (id, ", "a_twice ON public.a USING btree (no, "),
    "latin1",
  );
  expect(broken.equals(twice)).toBe(false);
  const report = await load(cluster, { archive: broken, into });
  expect(report.failures).toEqual([
    {
      entry: expect.stringMatching(/INDEX public a_twice postgres$/),
      message: expect.any(String),
      sqlstate: null,
    },
  ]);
  expect(await indexesIn(into)).toBe("a_pkey a_waits b_pkey b_twice");
});

test("a session that is lost while it builds one ends the load, also while the stream stalls", async () => {
  const into = await emptyDatabase(cluster, "lost");
  const release = await hold(into);
  const stalled = halting(() => new Promise<void>(() => undefined));
  const loaded = problemOf(load(cluster, { archive: stalled, into }));
  await untilBuilding(into);
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datid = ${into.oid} AND ${BUILDING}`;
  await cluster.psql("postgres", end);
  expect((await loaded).code).toBe("LOAD_FAILED");
  expect(programsOf(cluster)).toEqual([]);
  await release();
});

test("an interrupt and a stream that fails end what is being built", async () => {
  const into = await emptyDatabase(cluster, "ended");
  const release = await hold(into);
  const failing = halting(async () => {
    await untilBuilding(into);
    throw new Error("the store is gone");
  });
  await expect(load(cluster, { archive: failing, into })).rejects.toThrow("the store is gone");
  expect(programsOf(cluster)).toEqual([]);
  const other = await emptyDatabase(cluster, "interrupted");
  const releaseOther = await hold(other);
  const interrupt = new AbortController();
  const loading = load(cluster, {
    archive: halting(() => new Promise<void>(() => undefined)),
    into: other,
    signal: interrupt.signal,
  });
  await Promise.all([
    expect(loading).rejects.toThrow("enough"),
    untilBuilding(other).then(() => interrupt.abort(new Error("enough"))),
  ]);
  expect(programsOf(cluster)).toEqual([]);
  await Promise.all([release(), releaseOther()]);
});
