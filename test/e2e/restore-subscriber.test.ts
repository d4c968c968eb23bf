import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { declaration } from "../support/restorable-world.ts";
import { until } from "../support/store-files.ts";
import { mustSucceed, takeBackup } from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

let cluster: Cluster;
let workplace: Workplace;

/** A subscriber beside its publisher, on one server, and a backup of the subscriber. */
beforeAll(async () => {
  const settings = { wal_level: "logical", wal_retrieve_retry_interval: "100ms" };
  [cluster, workplace] = await Promise.all([startCluster({ inMemory: true, settings }), makeWorkplace()]);
  for (const name of ["publisher", "subscriber"]) {
    await cluster.createDatabase(name);
    await cluster.psql(name, "CREATE TABLE prices (id int PRIMARY KEY)");
  }
  await cluster.psql(
    "publisher",
    `CREATE PUBLICATION prices FOR TABLE prices;
     SELECT pg_create_logical_replication_slot('feed', 'pgoutput')`, // not by CREATE SUBSCRIPTION, which would wait for itself
  );
  await cluster.psql("subscriber", `CREATE SUBSCRIPTION feed CONNECTION '${connection()}' ${FEED}`);
  await publish(1);
  await declareApp(workplace, cluster, { ...declaration(cluster), database: "subscriber" });
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
  await takeBackup(workplace);
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

const FEED = "PUBLICATION prices WITH (create_slot = false, slot_name = 'feed', copy_data = false)";

function connection(): string {
  const { socketFolder, port, superuser, password } = cluster;
  return `host=${socketFolder} port=${port} user=${superuser} password=${password} dbname=publisher`;
}

/** Writes a row at the publisher and waits until the subscriber has it. */
async function publish(id: number): Promise<void> {
  await cluster.psql("publisher", `INSERT INTO prices VALUES (${id})`);
  const arrived = `SELECT count(*) FROM prices WHERE id = ${id}`;
  await until(async () => (await cluster.psql("subscriber", arrived)) === "1");
}

function subscriptionsOf(database: string): Promise<string> {
  return cluster.psql(
    "postgres",
    `SELECT string_agg(subname, ' ') FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = '${database}'`,
  );
}

const PLAN = ["plan", "production", "restore", "--at", "latest", "--out", "r.yaml"];

describe("a subscriber's backup", () => {
  it("comes back beside its publisher without the subscription, whose slot and worker live on", async () => {
    const planned = mustSucceed(await workplace.dbops([...PLAN, "--into", "copy"]));
    expect(planned.stdout).toContain("1 subscription of the backup will not be created: feed");
    expect(planned.stdout).toMatch(/CREATE SUBSCRIPTION "feed" CONNECTION '…' PUBLICATION .*slot_name = '…'/);
    expect(planned.stdout).not.toContain(cluster.password);
    mustSucceed(await workplace.dbops(["apply", "r.yaml"]));
    expect(await cluster.psql("copy", "SELECT id FROM prices")).toBe("1");
    expect(await subscriptionsOf("copy")).toBe("");
    await publish(2);
    expect(await cluster.psql("copy", "SELECT id FROM prices")).toBe("1");
    expect(await cluster.psql("postgres", "SELECT slot_name, active FROM pg_replication_slots")).toBe(
      "feed|t",
    );
  });

  it("replaces a subscriber only when its subscription rests, which stays with what was replaced", async () => {
    const refused = await workplace.dbops(PLAN);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("subscribes to feed") });
    expect(refused.stderr).toContain('ALTER SUBSCRIPTION "feed" DISABLE;');
    await cluster.psql("subscriber", "ALTER SUBSCRIPTION feed DISABLE");
    const planned = mustSucceed(await workplace.dbops(PLAN));
    const [, old = ""] = /(dbops_[0-9a-f]{8}_old)/.exec(planned.stdout) ?? [];
    mustSucceed(await workplace.dbops(["apply", "r.yaml", "--yes"]));
    expect([await subscriptionsOf("subscriber"), await subscriptionsOf(old)]).toEqual(["", "feed"]);
    await cluster.psql("subscriber", `CREATE SUBSCRIPTION again CONNECTION '${connection()}' ${FEED}`);
    await publish(3);
    await cluster.psql("subscriber", "ALTER SUBSCRIPTION again DISABLE");
  });
});
