import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { open, signal } from "../declared.ts";
import { noteOf, oidOf, PLAIN, problemOf, targetOn } from "./target-access.ts";

let cluster: Cluster;

beforeAll(async () => {
  const settings = {
    wal_level: "logical",
    wal_retrieve_retry_interval: "100ms",
    max_prepared_transactions: "5",
  };
  cluster = await startCluster({ inMemory: true, settings });
  await cluster.createRole("maker", "CREATEDB");
});

afterAll(() => cluster?.stop());

async function made(name: string): Promise<number> {
  return targetOn(cluster).create(name, PLAIN, noteOf("old"), signal());
}

describe("a database that is dropped", () => {
  test("is gone with the sessions in it, and dropping it again is done", async () => {
    const name = "dbops_00000001_old";
    const oid = await made(name);
    const session = await open(cluster.connectionOf(name)).openSnapshot(signal());
    const target = targetOn(cluster);
    await target.drop({ name, oid }, signal());
    expect(await target.find(name, signal())).toBeNull();
    await target.drop({ name, oid }, signal());
    await session.close();
  });

  test("needs no more than its owner", async () => {
    const name = "dbops_00000002_side";
    const maker = targetOn(cluster, "maker");
    const oid = await maker.create(name, PLAIN, noteOf("side"), signal());
    await maker.drop({ name, oid }, signal());
    expect(await maker.find(name, signal())).toBeNull();
  });
});

describe("nothing is dropped", () => {
  test("when the name has another oid", async () => {
    const name = "dbops_00000011_old";
    const oid = await made(name);
    const problem = await problemOf(targetOn(cluster).drop({ name, oid: oid + 1 }, signal()));
    expect([problem.code, problem.detail]).toEqual([
      "TARGET_CHANGED",
      `the database ${name} had oid ${oid + 1} and has oid ${oid}`,
    ]);
    expect(await oidOf(cluster, name)).toBe(oid);
  });

  test("when it was given another name", async () => {
    const name = "dbops_00000012_old";
    const oid = await made(name);
    await cluster.psql("postgres", `ALTER DATABASE ${name} RENAME TO "taken back"`);
    const problem = await problemOf(targetOn(cluster).drop({ name, oid }, signal()));
    expect([problem.code, problem.detail]).toEqual([
      "TARGET_CHANGED",
      `the database with oid ${oid} is called taken back, no longer ${name}`,
    ]);
    expect(await oidOf(cluster, "taken back")).toBe(oid);
  });

  test("when its name is none that dbops gives", async () => {
    await cluster.createDatabase("shop");
    const oid = await oidOf(cluster, "shop");
    const problem = await problemOf(targetOn(cluster).drop({ name: "shop", oid }, signal()));
    expect(problem.code).toBe("TARGET_CHANGED");
    expect(await oidOf(cluster, "shop")).toBe(oid);
  });

  test("when the role may not, which is told", async () => {
    const name = "dbops_00000013_old";
    const oid = await made(name);
    const problem = await problemOf(targetOn(cluster, "maker").drop({ name, oid }, signal()));
    expect(problem.code).toBe("ADMIN_RIGHTS_MISSING");
    expect(problem.detail).toContain(`must be owner of database ${name}`);
    expect(await oidOf(cluster, name)).toBe(oid);
  });

  test("while it holds a prepared transaction, which the fix finds", async () => {
    const name = "dbops_00000014_old";
    const oid = await made(name);
    await cluster.psql(name, "BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'half'");
    const problem = await problemOf(targetOn(cluster).drop({ name, oid }, signal()));
    expect([problem.code, problem.detail]).toEqual(["RESTORE_FAILED", expect.stringContaining("(55006)")]);
    expect(await cluster.psql("postgres", problem.fix?.split("\n").slice(1).join("\n") ?? "")).toContain(
      "half",
    );
    await cluster.psql(name, "ROLLBACK PREPARED 'half'");
    await targetOn(cluster).drop({ name, oid }, signal());
  });
});

describe("a publisher", () => {
  const connection = () =>
    `host=127.0.0.1 port=${cluster.port} dbname=publisher user=postgres password=${cluster.password}`;
  const slots = () => cluster.psql("publisher", "SELECT slot_name FROM pg_replication_slots ORDER BY 1");

  beforeAll(async () => {
    await cluster.createDatabase("publisher");
    await cluster.createDatabase("subscriber");
    await cluster.psql("publisher", "CREATE TABLE news (id int); CREATE PUBLICATION news FOR TABLE news");
    await cluster.psql("publisher", "SELECT pg_create_logical_replication_slot('feed', 'pgoutput')");
    await subscribe("subscriber", true);
  });

  async function subscribe(database: string, enabled: boolean): Promise<void> {
    await cluster.psql(
      database,
      `CREATE TABLE news (id int); CREATE SUBSCRIPTION news CONNECTION '${connection()}' PUBLICATION news
       WITH (create_slot = false, slot_name = 'feed', copy_data = false, enabled = ${enabled})`,
    );
  }

  test("keeps its slot and its subscriber when a copy of the subscriber is dropped", async () => {
    const name = "dbops_00000021_old";
    const oid = await made(name);
    await subscribe(name, false);
    await targetOn(cluster).drop({ name, oid }, signal());
    expect(await targetOn(cluster).find(name, signal())).toBeNull();
    expect(await slots()).toBe("feed");
    await cluster.psql("publisher", "INSERT INTO news VALUES (4711)");
    await expect
      .poll(() => cluster.psql("subscriber", "SELECT id FROM news"), { timeout: 60_000 })
      .toBe("4711");
  });

  test("keeps the slot of one that is enabled, has more than one subscription, and is closed to everyone", async () => {
    const name = "dbops_00000022_old";
    const oid = await made(name);
    await cluster.psql("publisher", "SELECT pg_create_logical_replication_slot('second', 'pgoutput')");
    await subscribe(name, false);
    await cluster.psql(
      name,
      `CREATE SUBSCRIPTION "zweites ☃" CONNECTION '${connection()}' PUBLICATION news
       WITH (create_slot = false, slot_name = 'second', copy_data = false)`,
    );
    const active = "SELECT active FROM pg_replication_slots WHERE slot_name = 'second'";
    await expect.poll(() => cluster.psql("publisher", active), { timeout: 60_000 }).toBe("t");
    await cluster.psql("postgres", `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await targetOn(cluster).drop({ name, oid }, signal());
    expect(await targetOn(cluster).find(name, signal())).toBeNull();
    expect(await slots()).toBe("feed\nsecond");
  });

  test("is not asked when an earlier attempt has detached it half", async () => {
    const name = "dbops_00000023_old";
    const oid = await made(name);
    await subscribe(name, false);
    await cluster.psql(name, "ALTER SUBSCRIPTION news SET (slot_name = NONE)");
    await targetOn(cluster).drop({ name, oid }, signal());
    expect(await slots()).toContain("feed");
  });

  test("keeps what the first copy of a table has left on it", async () => {
    const name = "dbops_00000024_old";
    const oid = await made(name);
    await cluster.psql(
      name,
      `CREATE TABLE news (id int); CREATE SUBSCRIPTION news CONNECTION '${connection()}' PUBLICATION news
       WITH (create_slot = false, slot_name = 'feed', enabled = false)`,
    );
    // as a clone of the subscriber would have it, which has its system identifier and its oids
    const left = await cluster.psql(
      name,
      `SELECT format('pg_%s_sync_%s_%s', s.oid, 'news'::regclass::oid, (SELECT system_identifier FROM pg_control_system()))
       FROM pg_subscription s WHERE s.subdbid = ${oid}`,
    );
    await cluster.psql("publisher", `SELECT pg_create_logical_replication_slot('${left}', 'pgoutput')`);
    await targetOn(cluster).drop({ name, oid }, signal());
    expect(await slots()).toContain(left);
  });
});
