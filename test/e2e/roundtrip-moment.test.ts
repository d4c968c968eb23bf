import { execFileSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { restoreByGuide } from "../support/by-hand.ts";
import { contentOf } from "../support/database-content.ts";
import { declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { until } from "../support/store-files.ts";
import { mustSucceed, takeBackup } from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

let primary: Cluster;
let replica: Cluster;
let workplace: Workplace;

beforeAll(async () => {
  const settings = { track_commit_timestamp: "on", autovacuum: "off" };
  [primary, workplace] = await Promise.all([startCluster({ inMemory: true, settings }), makeWorkplace()]);
  replica = await startCluster({ inMemory: true, standbyOf: primary, settings });
  await primary.createDatabase("app");
  // pg_dump copies tables by name: much lies between the first and the last
  await primary.psql(
    "app",
    `CREATE TABLE a_left (id bigint PRIMARY KEY);
     CREATE TABLE m_between AS SELECT i, repeat(md5(i::text), 20) FROM generate_series(1, 20000) AS i;
     CREATE TABLE z_right (id bigint PRIMARY KEY REFERENCES a_left);
     CREATE UNLOGGED TABLE passing (id int);
     INSERT INTO passing VALUES (1);
     CREATE PROCEDURE write_on() LANGUAGE plpgsql AS $$
     BEGIN
       FOR i IN 1..1000000 LOOP
         INSERT INTO a_left VALUES (i);
         INSERT INTO z_right VALUES (i);
         COMMIT;
         PERFORM pg_sleep(0.002);
       END LOOP;
     END $$;`,
  );
  await declareApp(workplace, primary);
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
});

afterAll(async () => {
  await workplace?.remove();
  await replica?.stop();
  await primary?.stop();
});

const ids = async (database: string, table: string): Promise<readonly string[]> =>
  (await primary.psql(database, `SELECT id FROM ${table} ORDER BY id`)).split("\n");

describe("a backup of a database that is written to all the time", () => {
  it("is one moment of it: the one that its manifest names", async () => {
    const writing = primary.psql("app", "CALL write_on()").catch(() => "ended");
    await until(async () => Number(await primary.psql("app", "SELECT count(*) FROM a_left")) > 10);
    const { folder, manifest } = await takeBackup(workplace);
    const writers = "FROM pg_stat_activity WHERE query = 'CALL write_on()' AND pid <> pg_backend_pid()";
    expect(await primary.psql("postgres", `SELECT pg_terminate_backend(pid) ${writers}`)).toBe("t");
    await writing;
    await restoreByGuide({ folder, cluster: primary, keyFile: workplace.keyFile }, "moment");
    const [left, right] = [await ids("moment", "a_left"), await ids("moment", "z_right")];
    expect(left.length).toBeGreaterThan(10);
    expect(right).toEqual(left);
    const written = await committedAt();
    const inside = written.filter((one) => left.includes(one.id));
    const outside = written.filter((one) => !left.includes(one.id));
    expect(outside.length).toBeGreaterThan(10);
    const last =
      inside
        .map((one) => one.at)
        .toSorted()
        .at(-1) ?? "";
    const first =
      outside
        .map((one) => one.at)
        .toSorted()
        .at(0) ?? "";
    // nothing later than the moment is in it, and what is missing came after all that is in it
    expect([last, manifest.snapshotAt]).toEqual([last, manifest.snapshotAt].toSorted());
    expect([last, first]).toEqual([last, first].toSorted());
  });

  /** When each row of the original was committed, as the manifest writes instants. */
  async function committedAt(): Promise<readonly { readonly id: string; readonly at: string }[]> {
    const at = `to_char(pg_xact_commit_timestamp(xmin) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
    const rows = await primary.psql("app", `SELECT id, ${at} FROM a_left ORDER BY id`);
    return rows.split("\n").map((row) => {
      const [id = "", when = ""] = row.split("|");
      return { id, at: when };
    });
  }
});

describe("a backup of a hot standby", () => {
  it("is equal to the primary at the last transaction it replayed, which dates it, but for unlogged rows", async () => {
    await primary.psql("app", "INSERT INTO a_left VALUES (0)");
    const position = await primary.psql("postgres", "SELECT pg_current_wal_lsn()");
    const replayed = `SELECT pg_last_wal_replay_lsn() >= '${position}'`;
    while ((await replica.psql("postgres", replayed)) !== "t") await pause(20);
    const at = await replica.psql(
      "postgres",
      `SELECT to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
    );
    await declareApp(workplace, replica);
    const { folder, manifest, path } = await takeBackup(workplace);
    expect(manifest.snapshotAt).toBe(at);
    await restoreByGuide({ folder, cluster: primary, keyFile: workplace.keyFile }, "replica");
    expect(await primary.psql("replica", "SELECT count(*) FROM passing")).toBe("0");
    await primary.psql("replica", "INSERT INTO passing VALUES (1)");
    expect(await contentOf(primary, "replica")).toEqual(await contentOf(primary, "app"));
    const detail = execFileSync("age", ["-d", "-i", workplace.keyFile, path("detail")], { encoding: "utf8" });
    expect(JSON.parse(detail)).toMatchObject({
      isReplica: true,
      omissions: expect.arrayContaining([
        expect.objectContaining({ kind: "unlogged-contents", names: ["public.passing"] }),
      ]),
    });
  });
});
