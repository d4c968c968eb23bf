import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSession, type Session } from "../../../../src/adapters/postgres/session.ts";
import { DbopsError } from "../../../../src/problems/dbops-error.ts";
import { holdLock } from "../../../support/held-lock.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { until } from "../../../support/store-files.ts";
import { signal } from "../declared.ts";
import { accessTo, namesAfter, namesBefore, namesOf, standing, swap } from "./swap-world.ts";
import { problemOf } from "./target-access.ts";

let cluster: Cluster;

beforeAll(async () => {
  const settings = { wal_level: "logical", max_prepared_transactions: "5" };
  cluster = await startCluster({ inMemory: true, settings });
  await cluster.createRole("manager", "CREATEDB");
});

afterAll(() => cluster?.stop());

async function sessionIn(database: string, user?: string): Promise<Session> {
  return openSession(await accessTo(cluster, user).target(database, signal()), signal());
}

/** Clients that connect, look which database they are in, and connect again, until they are told to stop. */
function reconnecting(database: string, clients: number) {
  const seen = { before: 0, restored: 0, missing: 0 };
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      let session: Session | null = null;
      try {
        session = await sessionIn(database);
        for (let asked = 0; asked < 3; asked += 1) {
          const [row] = await session.query<{ says: "before" | "restored" }>("SELECT says FROM content");
          if (row !== undefined) seen[row.says] += 1;
        }
      } catch (error) {
        if (error instanceof DbopsError && error.is("DATABASE_MISSING")) seen.missing += 1;
      } finally {
        await session?.close();
      }
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  const stop = async (): Promise<void> => {
    isOver = true;
    await all;
  };
  return { seen, stop };
}

test("16 clients that connect again and again never see a missing database", async () => {
  const asked = await standing(cluster, "busy");
  const clients = reconnecting("busy", 16);
  await until(async () => clients.seen.before > 50);
  await swap(cluster, asked);
  const after = clients.seen.restored;
  await until(async () => clients.seen.restored > after + 50);
  await clients.stop();
  expect(clients.seen.missing).toBe(0);
  expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
});

test("clients that connect again and again do not keep a role without superuser's rights from it", async () => {
  const asked = await standing(cluster, "managed", "manager");
  await cluster.psql("postgres", "GRANT pg_signal_backend TO manager");
  const stop = { asked: false };
  const client = async (): Promise<void> => {
    while (!stop.asked) {
      const session = await sessionIn("managed", "manager").catch(() => null);
      await session?.close();
    }
  };
  const all = Promise.all(Array.from({ length: 8 }, client));
  await swap(cluster, asked, { user: "manager" });
  stop.asked = true;
  await all;
  expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
});

test("a session of a superuser is ended by a superuser", async () => {
  const asked = await standing(cluster, "ended");
  const session = await sessionIn("ended");
  await swap(cluster, asked);
  await expect(session.query("SELECT 1")).rejects.toThrow();
  await session.close();
});

test("somebody who keeps pg_database in a transaction, as a dump does, is left alone", async () => {
  const asked = await standing(cluster, "dumped");
  const dump = await holdLock(cluster, "template1", "LOCK TABLE pg_database IN ACCESS SHARE MODE");
  await swap(cluster, asked);
  await dump.release();
  expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
});

test("autovacuum gives way", async () => {
  const asked = await standing(cluster, "vacuumed");
  await cluster.psql(
    "postgres",
    "ALTER SYSTEM SET autovacuum_naptime = 1; ALTER SYSTEM SET autovacuum_vacuum_cost_delay = '100ms'; ALTER SYSTEM SET autovacuum_vacuum_cost_limit = 1; SELECT pg_reload_conf();",
  );
  await cluster.psql(
    "vacuumed",
    "CREATE TABLE wide AS SELECT g FROM generate_series(1, 200000) g; DELETE FROM wide; ALTER TABLE wide SET (autovacuum_vacuum_threshold = 1);",
  );
  const workers =
    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND datname = 'vacuumed'";
  for (let tries = 0; tries < 3000 && (await cluster.psql("postgres", workers)) === "0"; tries += 1)
    await pause(20);
  await swap(cluster, asked);
  await cluster.psql("postgres", "ALTER SYSTEM RESET ALL; SELECT pg_reload_conf();");
  expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
});

test("a prepared transaction is named, and nobody is thrown out in vain", async () => {
  const asked = await standing(cluster, "prepared");
  const client = await sessionIn("prepared");
  await cluster.psql("prepared", "BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'it''s mine';");
  const problem = await problemOf(swap(cluster, asked));
  expect(problem).toMatchObject({
    code: "SWAP_FAILED",
    detail:
      "held by the prepared transaction it's mine of postgres in prepared, and 1 more; nothing was renamed",
    fix: expect.stringContaining("ROLLBACK PREPARED 'it''s mine';"),
  });
  expect(await namesOf(cluster, asked)).toBe(namesBefore(asked));
  expect(await client.query("SELECT says FROM content")).toEqual([{ says: "before" }]);
  await client.close();
  await cluster.psql("prepared", "ROLLBACK PREPARED 'it''s mine';");
  await swap(cluster, asked);
});

test("a subscription's worker is named; once it is disabled the swap gets through", async () => {
  const asked = await standing(cluster, "subscriber");
  await cluster.createDatabase("publisher");
  await cluster.psql(
    "publisher",
    "CREATE TABLE content (says text); CREATE PUBLICATION p FOR TABLE content; SELECT pg_create_logical_replication_slot('s', 'pgoutput');",
  );
  const publisher = `host=127.0.0.1 port=${cluster.port} dbname=publisher user=postgres password=${cluster.password}`;
  await cluster.psql(
    "subscriber",
    `CREATE SUBSCRIPTION s CONNECTION '${publisher}' PUBLICATION p WITH (create_slot = false, copy_data = false)`,
  );
  const pid = await until(async () => {
    const found = await cluster.psql(
      "postgres",
      "SELECT pid FROM pg_stat_subscription WHERE pid IS NOT NULL",
    );
    return found === "" ? null : found;
  });
  const problem = await problemOf(swap(cluster, asked));
  expect([problem.code, problem.detail, problem.fix]).toEqual([
    "SWAP_FAILED",
    expect.stringContaining("the enabled subscription s in subscriber (logical replication worker, pid "),
    "in subscriber: ALTER SUBSCRIPTION s DISABLE;",
  ]);
  expect(problem.detail).toContain(pid);
  expect(await namesOf(cluster, asked)).toBe(namesBefore(asked));
  await cluster.psql("subscriber", "ALTER SUBSCRIPTION s DISABLE");
  await swap(cluster, asked);
  expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
  await cluster.psql("subscriber_old", "ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s;");
});

test("a session that the role may not end is named when the time is over, and the others stay", async () => {
  const asked = await standing(cluster, "held", "manager");
  const [superuser, other] = [await sessionIn("held"), await sessionIn("held", "manager")];
  const problem = await problemOf(swap(cluster, asked, { user: "manager", isHurried: true }));
  const [row] = await superuser.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  expect(problem).toMatchObject({
    code: "SWAP_FAILED",
    detail: expect.stringContaining(`${row?.pid} of postgres, application "dbops" in held`),
    fix: expect.stringContaining(`SELECT pg_terminate_backend(${row?.pid});`),
  });
  expect(await other.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  expect(await namesOf(cluster, asked)).toBe(namesBefore(asked));
  for (const session of [superuser, other]) await session.close();
});

test("another admin's open transaction is named when the time is over", async () => {
  const asked = await standing(cluster, "altered");
  const other = await holdLock(cluster, "template1", "ALTER DATABASE altered CONNECTION LIMIT 5");
  const problem = await problemOf(swap(cluster, asked, { isHurried: true }));
  expect([problem.code, problem.detail]).toEqual([
    "SWAP_FAILED",
    expect.stringMatching(
      /held by the client backend \d+ of postgres, application "psql", which has \S+ locked/,
    ),
  ]);
  expect(await namesOf(cluster, asked)).toBe(namesBefore(asked));
  await other.release();
});
