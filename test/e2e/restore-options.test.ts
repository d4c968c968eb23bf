import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { folderOf } from "../../src/model/layout.ts";
import { type Declared, declareApp } from "../support/declared-environment.ts";
import { readPlan } from "../support/plan-text.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { databasesOf, declaration } from "../support/restorable-world.ts";
import { backupsIn, filesOf } from "../support/store-files.ts";
import { mustSucceed, takeBackup } from "../support/taken-backup.ts";
import { copyWorkplace, hurried, makeWorkplace, type Workplace } from "../support/workplace.ts";

let cluster: Cluster;
/** Workplaces with two marked stores: without a backup, and with one of a database that has one table with one row. */
let empty: Workplace;
let kept: Workplace;
let name: string;

beforeAll(async () => {
  [cluster, empty] = await Promise.all([startCluster({ inMemory: true }), makeWorkplace()]);
  await cluster.createDatabase("source");
  await cluster.psql("source", "CREATE TABLE t AS SELECT 1 AS id");
  await declareApp(empty, cluster, declaredFor("source"));
  mustSucceed(await empty.dbops(["init", "stores", "production"]));
  kept = await copyWorkplace(empty);
  name = (await takeBackup(kept)).manifest.name;
});

afterAll(async () => {
  for (const one of [empty, kept]) await one?.remove();
  await cluster?.stop();
});

const PLAN = ["plan", "production", "restore", "--out", "r.yaml"];
const BOTH = { primary: "./stores/primary", dr: "./stores/dr" };

function declaredFor(database: string, declared: Declared = {}): Declared {
  return { ...declaration(cluster), database, stores: BOTH, ...declared };
}

/** A workplace with a database of its own, equal to the one of which both stores have a backup. */
async function placeOf(database: string, declared: Declared = {}): Promise<Workplace> {
  await cluster.psql("postgres", `CREATE DATABASE ${database} TEMPLATE source`);
  return placeFor(kept, database, declared);
}

/** A workplace with a database of its own, made by this SQL, and one backup of it in both stores. */
async function placeWith(database: string, sql: string) {
  await cluster.createDatabase(database);
  await cluster.psql(database, sql);
  const workplace = await placeFor(empty, database);
  const { manifest } = await takeBackup(workplace);
  return { workplace, name: manifest.name, snapshotAt: manifest.snapshotAt };
}

async function placeFor(template: Workplace, database: string, declared: Declared = {}): Promise<Workplace> {
  const workplace = await copyWorkplace(template);
  onTestFinished(() => workplace.remove());
  await declareApp(workplace, cluster, declaredFor(database, declared));
  return workplace;
}

async function apply(workplace: Workplace): Promise<string> {
  return mustSucceed(await workplace.dbops(["apply", "r.yaml", "--yes"])).stdout;
}

describe("a restore of which a part cannot be loaded", () => {
  it("stops with what failed and the command that accepts it, and goes on once that is accepted by name", async () => {
    const { workplace } = await placeWith("partial", NEEDS_ANOTHER);
    await cluster.psql("partial", "DROP TABLE parent CASCADE");
    mustSucceed(await workplace.dbops([...PLAN, "--at", "latest"]));
    const failed = await workplace.dbops(["apply", "r.yaml", "--yes"]);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("could not be loaded") });
    expect(await cluster.psql("partial", "SELECT to_regclass('parent') IS NULL")).toBe("t");
    const entries = [...failed.stderr.matchAll(/--tolerate '([^']*)'/g)].map((found) => found[1] ?? "");
    expect(entries).toEqual([expect.stringMatching(/ TABLE DATA public child /)]);
    const again = [...PLAN, "--at", "latest", ...entries.flatMap((one) => ["--tolerate", one])];
    mustSucceed(await workplace.dbops(again));
    await apply(workplace);
    expect(await cluster.psql("partial", "SELECT count(*) FROM parent")).toBe("3");
    expect(await cluster.psql("partial", "SELECT count(*) FROM child")).toBe("0");
  });
});

/** Its rows are valid only when those of a table are there that is loaded after it. */
const NEEDS_ANOTHER = `
  CREATE TABLE parent (id int PRIMARY KEY);
  INSERT INTO parent VALUES (1), (2), (3);
  CREATE FUNCTION is_known(int) RETURNS bool LANGUAGE plpgsql AS
    'BEGIN RETURN EXISTS (SELECT 1 FROM public.parent WHERE id = $1); END';
  CREATE TABLE child (id int CHECK (is_known(id)));
  INSERT INTO child VALUES (1), (2);`;

describe("a restore to a moment, out of a store", () => {
  it("takes the newest backup at or before it, to the microsecond, out of the store that is asked for", async () => {
    const { workplace, name, snapshotAt } = await placeWith("moments", "CREATE TABLE first (id int)");
    await cluster.psql("moments", `CREATE TABLE second (id int); ${untilNamed(name)}`);
    const second = await takeBackup(workplace);
    const at = (moment: string) => workplace.dbops([...PLAN, "--at", moment, "--store", "dr"]);
    const chosen = async () => {
      const { steps } = await readPlan(workplace, "r.yaml");
      return steps.flatMap((step) => (step.kind === "download" ? [step.store, step.backup] : []));
    };
    mustSucceed(await at(second.manifest.snapshotAt));
    expect(await chosen()).toEqual(["dr", second.manifest.name]);
    mustSucceed(await at(microsecondBefore(second.manifest.snapshotAt)));
    expect(await chosen()).toEqual(["dr", name]);
    const early = await at(microsecondBefore(snapshotAt));
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining("no such backup") });
    await apply(workplace);
    expect(
      await cluster.psql("moments", "SELECT relname FROM pg_class WHERE relname IN ('first', 'second')"),
    ).toBe("first");
  });

  it("reads the other store where the first one has it no more", async () => {
    const workplace = await placeOf("elsewhere");
    await rm(join(workplace.folder, "stores", "primary", folderOf(name)), { recursive: true });
    mustSucceed(await workplace.dbops([...PLAN, "--file", `${name}.dump.zst.age`]));
    await apply(workplace);
    const holds = (await filesOf(workplace, "dr")).filter((file) => file.includes("/hold/"));
    expect(holds).toEqual([]);
  });
});

/** Sleeps until the time in a backup's name has come: of two snapshots of one second, the later named one is passed over. */
function untilNamed(name: string): string {
  return `SELECT pg_sleep_until(to_timestamp('${name.slice(-15)}', 'YYYYMMDD_HH24MISS'))`;
}

function microsecondBefore(at: string): string {
  const [seconds = "", fraction = ""] = at.replace("Z", "").split(".");
  const micros = BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction.padEnd(6, "0")) - 1n;
  const whole = new Date(Number(micros / 1_000_000n) * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(micros % 1_000_000n).padStart(6, "0")}Z`;
}

describe("--safety before", () => {
  it("backs up what is about to be replaced, and the restore goes on when that fails", async () => {
    const workplace = await placeOf("safe");
    await cluster.psql("safe", "CREATE TABLE later (id int)");
    mustSucceed(await workplace.dbops([...PLAN, "--at", "latest", "--safety", "before"]));
    await apply(workplace);
    expect(await backupsIn(workplace, "primary")).toHaveLength(2);
    const origins = (await filesOf(workplace, "primary")).filter((file) => file.includes("/origin/safety"));
    expect(origins).toHaveLength(1);
    expect(await cluster.psql("safe", "SELECT to_regclass('later') IS NULL")).toBe("t");
  });

  it("never blocks a restore: a damaged database cannot be dumped", async () => {
    const workplace = await placeOf("damaged");
    await cluster.psql("damaged", "CREATE TABLE broken AS SELECT 1 AS id; CHECKPOINT");
    mustSucceed(await workplace.dbops([...PLAN, "--file", name, "--safety", "before"]));
    // Where its rows are to be there is no file: pg_dump cannot read it.
    await cluster.psql("damaged", "UPDATE pg_class SET relfilenode = 999999 WHERE relname = 'broken'");
    const ran = await workplace.dbops(["apply", "r.yaml", "--yes"]);
    expect(ran.stdout).toMatch(/swap .*: \d/);
    expect(await cluster.psql("damaged", "SELECT to_regclass('broken') IS NULL")).toBe("t");
    expect(ran.code).toBe(1); // what was asked for and could not be done is said
  });
});

describe("what must be true of a restored database", () => {
  it("is asked before the swap, and a check that is not true keeps what is there", async () => {
    const checks = { some: "SELECT count(*) > 0 FROM t", many: "SELECT count(*) > 5 FROM t" };
    const workplace = await placeOf("checked", { restore: { checks } });
    await cluster.psql("checked", "CREATE TABLE still_there (id int)");
    mustSucceed(await workplace.dbops([...PLAN, "--at", "latest"]));
    const ran = await workplace.dbops(["apply", "r.yaml", "--yes"]);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("a declared check is not true") });
    expect(ran.stderr).toContain("many");
    expect(await cluster.psql("checked", "SELECT count(*) FROM still_there")).toBe("0");
  });

  it("includes that the application answers afterwards: the restore is done, and exit 1 says that it does not", async () => {
    const asked: string[] = [];
    const server = await listening(asked);
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const health = [`http://127.0.0.1:${port}/good`, `http://127.0.0.1:${port}/bad`];
    const workplace = await placeOf("healthy", { restore: { health } });
    await cluster.psql("healthy", "DROP TABLE t");
    mustSucceed(await workplace.dbops([...PLAN, "--at", "latest"]));
    const ran = await hurried(workplace).dbops(["apply", "r.yaml", "--yes"]);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("/bad") });
    expect([...asked].sort()).toEqual([...Array(6).fill("/bad"), "/good"]);
    expect(await cluster.psql("healthy", "SELECT count(*) FROM t")).toBe("1");
  });
});

async function listening(asked: string[]): Promise<Server> {
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(request.url === "/good" ? 204 : 503).end();
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

describe("a server that is not as the plan expects", () => {
  it("is left alone: another database has the name by now", async () => {
    const workplace = await placeOf("replaced");
    mustSucceed(await workplace.dbops([...PLAN, "--at", "latest"]));
    await cluster.psql("postgres", "DROP DATABASE replaced");
    await cluster.createDatabase("replaced");
    await cluster.psql("replaced", "CREATE TABLE somebody_elses (id int)");
    const ran = await workplace.dbops(["apply", "r.yaml", "--yes"]);
    expect(ran.code).toBe(4);
    expect(await cluster.psql("replaced", "SELECT count(*) FROM somebody_elses")).toBe("0");
  });

  it("is asked as the declared admin alone: without its password nothing is planned", async () => {
    const workplace = await placeOf("locked");
    const before = await databasesOf(cluster);
    const admin = { user: cluster.superuser, password: { env: "NO_SUCH_PASSWORD" } };
    await declareApp(workplace, cluster, declaredFor("locked", { admin }));
    expect(await workplace.dbops([...PLAN, "--at", "latest"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("NO_SUCH_PASSWORD"),
    });
    expect(await workplace.dbops(["plan", "production"])).toMatchObject({ code: 0 });
    expect(await databasesOf(cluster)).toBe(before);
  });
});
