import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RowCount, Snapshot } from "../../../src/ports/postgres.ts";
import { type Cluster, startCluster } from "../../support/postgres-cluster.ts";
import { open, signal } from "./declared.ts";
import { problemOf } from "./restore-target/target-access.ts";

let cluster: Cluster;
const NAME = "shop";
const SCHEMA = `
  CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users SELECT generate_series(1, 500);
  CREATE SCHEMA "odd ""schema"; CREATE TABLE "odd ""schema"."a.b = c" AS SELECT 1 AS id;
  CREATE TABLE events (id int) PARTITION BY RANGE (id);
  CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (0) TO (10);
  CREATE TABLE events_rest PARTITION OF events DEFAULT; INSERT INTO events SELECT generate_series(1, 30);
  CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent);
  INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1), (2);
  CREATE UNLOGGED TABLE scratch (id int); CREATE TABLE "no columns" (); INSERT INTO "no columns" DEFAULT VALUES;
  CREATE MATERIALIZED VIEW never_filled AS SELECT 1 AS one WITH NO DATA;
  CREATE VIEW seen AS SELECT FROM users;
  CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; CREATE FOREIGN TABLE away (id int) SERVER far;
  CREATE TABLE of_extension (id int); ALTER EXTENSION postgres_fdw ADD TABLE of_extension;`;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase(NAME);
  await cluster.psql(NAME, SCHEMA);
  await cluster.createRole("backup", "IN ROLE pg_read_all_data");
  await cluster.createRole("stranger");
});

afterAll(() => cluster?.stop());

async function withSnapshot<T>(use: (snapshot: Snapshot) => Promise<T>, user = "backup"): Promise<T> {
  const snapshot = await open(cluster.connectionOf(NAME, user)).openSnapshot(signal());
  try {
    return await use(snapshot);
  } finally {
    await snapshot.close();
  }
}

async function countsOf(snapshot: Snapshot): Promise<readonly RowCount[]> {
  return (await snapshot.countRows(signal())).counts;
}

describe("the rows of a snapshot", () => {
  test("are those of its moment, of every table whose rows an archive brings, whatever is written meanwhile", async () => {
    const counts = await withSnapshot(async (snapshot) => {
      await cluster.psql(
        NAME,
        "INSERT INTO users VALUES (501); DELETE FROM ONLY parent; DELETE FROM events WHERE id = 3",
      );
      return countsOf(snapshot);
    });
    await cluster.psql(
      NAME,
      "DELETE FROM users WHERE id = 501; INSERT INTO parent VALUES (1); INSERT INTO events VALUES (3)",
    );
    expect(counts.map(({ schema, name, rows }) => `${schema}.${name} ${rows}`)).toEqual([
      'odd "schema.a.b = c 1',
      "public.child 2",
      "public.events_low 9",
      "public.events_rest 21",
      "public.no columns 1",
      "public.parent 1",
      "public.scratch 0",
      "public.users 500",
    ]);
  });

  test("stay: no table is emptied before the snapshot is closed", async () => {
    const truncate = "SET lock_timeout = '20ms'; TRUNCATE scratch, child";
    await withSnapshot(async (snapshot) => {
      const { counts } = await snapshot.countRows(signal());
      await expect(cluster.psql(NAME, truncate)).rejects.toThrow("lock timeout");
      expect((await counts).find(({ name }) => name === "child")?.rows).toBe(2);
      await expect(cluster.psql(NAME, truncate)).rejects.toThrow("lock timeout");
    });
    await cluster.psql(NAME, "BEGIN; TRUNCATE child; ROLLBACK");
  });
});

test("a count of many tables keeps few locks on their indexes, for which a server has room for only so many", async () => {
  await cluster.createDatabase("many");
  await cluster.psql(
    "many",
    "DO $$ BEGIN FOR i IN 1..130 LOOP EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY)', i); END LOOP; END $$",
  );
  const snapshot = await open(cluster.connectionOf("many")).openSnapshot(signal());
  const counts = await countsOf(snapshot);
  const locks =
    "SELECT count(*) FROM pg_locks JOIN pg_class ON relation = pg_class.oid AND relname ~ '^t\\d+_pkey$'";
  const held = Number(await cluster.psql("many", locks));
  await snapshot.close();
  expect([counts.length, held < counts.length]).toEqual([130, true]);
  expect(held).toBeGreaterThan(0); // it is the locks of indexes that were counted
});

describe("a table that cannot be counted", () => {
  test("is named where row security would hide rows", async () => {
    await cluster.psql(
      NAME,
      "CREATE TABLE hidden (id int); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON hidden USING (false)",
    );
    const problem = await problemOf(withSnapshot(countsOf));
    await cluster.psql(NAME, "DROP TABLE hidden");
    expect(problem).toMatchObject({
      code: "RIGHTS_MISSING",
      detail: expect.stringMatching(/the rows of public\.hidden could not be counted: .*row-level security/),
      fix: expect.stringContaining("BYPASSRLS"),
    });
  });

  test("is named where the role may not read it", async () => {
    const problem = await problemOf(withSnapshot(countsOf, "stranger"));
    expect(problem).toMatchObject({
      code: "RIGHTS_MISSING",
      detail: expect.stringContaining('"odd ""schema"."a.b = c" could not be counted: permission denied'),
    });
  });

  test("is named where it was dropped since the snapshot", async () => {
    await cluster.psql(NAME, "CREATE TABLE gone ()");
    const counting = withSnapshot(async (snapshot) => {
      await cluster.psql(NAME, "DROP TABLE gone");
      return countsOf(snapshot);
    });
    expect(await problemOf(counting)).toMatchObject({
      code: "DUMP_FAILED",
      detail: expect.stringContaining("public.gone could not be counted"),
      fix: expect.stringContaining("apply again"),
    });
  });
});

test("a count that is given up does not go on in the server", async () => {
  const stop = new AbortController();
  const snapshot = await open(cluster.connectionOf(NAME, "backup")).openSnapshot(stop.signal);
  const { host, port, superuser: user, password } = cluster;
  const holder = new Client({ host, port, user, password, database: NAME });
  await holder.connect();
  await holder.query("BEGIN; LOCK TABLE users");
  const sessions = "SELECT string_agg(wait_event_type, '') FROM pg_stat_activity WHERE usename = 'backup'";
  const counting = snapshot.countRows(stop.signal);
  counting.catch(() => undefined);
  while ((await cluster.psql("postgres", sessions)) !== "Lock");
  stop.abort(new Error("enough"));
  await expect(counting).rejects.toThrow("enough");
  while ((await cluster.psql("postgres", sessions)) !== ""); // although nobody unlocks the table
  await holder.end();
});
