import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { signal } from "../declared.ts";
import { noteOf, PLAIN, problemOf, targetOn } from "./target-access.ts";

const NAME = "dbops_00000001_old";
let cluster: Cluster;
let oid: number;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createRole("maker", "CREATEDB");
  await cluster.createRole("other");
  oid = await targetOn(cluster, "maker").create(NAME, PLAIN, noteOf("old"), signal());
  await cluster.psql(NAME, "SET ROLE maker; CREATE TABLE kept AS SELECT 7 AS id");
});

afterAll(() => cluster?.stop());

async function isClosed(user: string): Promise<boolean | undefined> {
  return (await targetOn(cluster, user).find(NAME, signal()))?.isClosed;
}

test("a replaced database is dumped whole by an admin who owns it, while it is closed to others", async () => {
  const snapshot = await targetOn(cluster, "maker").openSnapshot({ name: NAME, oid }, signal());
  try {
    expect(snapshot.identity).toMatchObject({ database: NAME, oid });
    expect(snapshot.detail["tables"]).toEqual([expect.objectContaining({ name: "kept" })]);
    const { body, settled } = await snapshot.dump(signal());
    let bytes = 0;
    for await (const chunk of body) bytes += (chunk as Buffer).length; // a byte stream
    expect(bytes).toBeGreaterThan(1000);
    expect((await settled).version).toMatch(/^pg_dump/);
  } finally {
    await snapshot.close();
  }
  const refused = targetOn(cluster, "other").openSnapshot({ name: NAME, oid }, signal());
  expect((await problemOf(refused)).fix).toContain(`GRANT CONNECT ON DATABASE ${NAME} TO other`);
});

test("a database with another oid is not dumped", async () => {
  const snapshot = targetOn(cluster).openSnapshot({ name: NAME, oid: oid + 1 }, signal());
  expect((await problemOf(snapshot)).code).toBe("TARGET_CHANGED");
});

test("a replaced database is closed as long as nobody but its admin and superusers can connect", async () => {
  expect(await isClosed("maker")).toBe(true);
  await cluster.psql("postgres", `GRANT CONNECT ON DATABASE ${NAME} TO other`);
  expect(await isClosed("maker")).toBe(false);
  await cluster.psql("postgres", `REVOKE CONNECT ON DATABASE ${NAME} FROM other`);
  expect(await isClosed("maker")).toBe(true);
});
