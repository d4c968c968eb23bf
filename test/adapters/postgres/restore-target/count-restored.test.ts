import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CountedTable } from "../../../../src/ports/restore-target.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { signal } from "../declared.ts";
import { problemOf, targetOn } from "./target-access.ts";

let cluster: Cluster;
const SIDE = `side "=" it's`;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase(SIDE);
  await cluster.createRole("maker");
  await cluster.psql(
    SIDE,
    `GRANT ALL ON SCHEMA public TO maker; SET ROLE maker;
     CREATE TABLE users AS SELECT generate_series(1, 20) AS id;
     CREATE TABLE forced (id int); INSERT INTO forced VALUES (1), (2);
     ALTER TABLE forced ENABLE ROW LEVEL SECURITY; ALTER TABLE forced FORCE ROW LEVEL SECURITY;
     CREATE TABLE outer_one (id int) PARTITION BY RANGE (id);
     CREATE TABLE inner_one PARTITION OF outer_one DEFAULT PARTITION BY RANGE (id);
     CREATE TABLE leaf PARTITION OF inner_one DEFAULT; INSERT INTO outer_one VALUES (1), (2), (3);
     RESET ROLE; CREATE TABLE foreigners (id int);`,
  );
});

afterAll(() => cluster?.stop());

function count(names: readonly string[], user: string, onCounted: (bytes: number) => void = () => undefined) {
  const tables = names.map((name, n) => ({ schema: "public", name, bytes: n + 1 }));
  return targetOn(cluster, user).countRows({ name: SIDE, tables, jobs: 2, onCounted }, signal());
}

function rowsOf(counted: readonly CountedTable[]) {
  return Object.fromEntries(counted.map(({ name, rows }) => [name, rows]));
}

describe("the tables of a restored database", () => {
  test("are counted, partitions with the outermost table that they are of", async () => {
    const told: number[] = [];
    const counted = await count(["users", "leaf", "gone"], "maker", (bytes) => told.push(bytes));
    expect(counted.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { schema: "public", name: "leaf", root: "public.outer_one", rows: 3 },
      { schema: "public", name: "users", root: null, rows: 20 },
    ]);
    expect(told.sort()).toEqual([1, 2]);
  });

  test("that the role may not read as a whole have no number, and hinder no other", async () => {
    const names = ["users", "forced", "foreigners"];
    expect(rowsOf(await count(names, "maker"))).toEqual({ users: 20, forced: null, foreigners: null });
    expect(rowsOf(await count(names, cluster.superuser))).toEqual({
      users: 20,
      forced: 2,
      foreigners: 0,
    });
  });

  test("are not counted where the database is gone", async () => {
    const counting = targetOn(cluster).countRows(
      { name: "nowhere", tables: [], jobs: 2, onCounted: () => undefined },
      signal(),
    );
    expect((await problemOf(counting)).code).toBe("DATABASE_MISSING");
  });
});
