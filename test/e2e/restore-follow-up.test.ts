import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { parseNote } from "../../src/model/made-database.ts";
import type { Plan } from "../../src/model/plan.ts";
import { declareApp } from "../support/declared-environment.ts";
import { readPlan } from "../support/plan-text.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { declaration } from "../support/restorable-world.ts";
import { filesOf } from "../support/store-files.ts";
import { mustSucceed, takeBackup } from "../support/taken-backup.ts";
import { copyWorkplace, makeWorkplace, type Workplace } from "../support/workplace.ts";

let cluster: Cluster;
let template: Workplace;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  template = await makeWorkplace();
  await cluster.createDatabase("source");
  await cluster.psql("source", SCHEMA);
  await declareApp(template, cluster, { ...declaration(cluster), database: "source" });
  mustSucceed(await template.dbops(["init", "stores", "production"]));
  await takeBackup(template);
});

afterAll(async () => {
  await template?.remove();
  await cluster?.stop();
});

/** Filling what asks without a schema fails in a restore, whose search path is empty. */
const SCHEMA = `
  CREATE TABLE signals AS SELECT n AS id FROM generate_series(1, 100) n;
  CREATE FUNCTION count_signals() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM signals';
  CREATE MATERIALIZED VIEW counted AS SELECT count_signals() AS n;`;

let places = 0;

/** A workplace whose live database has lost its rows, and a plan that brings them back. */
async function plannedPlace() {
  const live = `live ${++places}`;
  const workplace = await copyWorkplace(template);
  onTestFinished(() => workplace.remove());
  await cluster.psql("postgres", `CREATE DATABASE "${live}"`);
  await declareApp(workplace, cluster, { ...declaration(cluster), database: live });
  mustSucceed(await workplace.dbops(PLAN));
  return { workplace, live };
}

const PLAN = ["plan", "production", "restore", "--at", "latest", "--out", "r.yaml"];
const FIRST = ["apply", "r.yaml", "--yes"];
const SECOND = ["apply", "r-2.yaml", "--yes"];

function sideIn({ steps }: Plan): string {
  return steps.flatMap((step) => (step.kind === "create" ? [step.name] : []))[0] ?? "";
}

function loadIn({ steps }: Plan) {
  return steps.flatMap((step) => (step.kind === "load" ? [step] : []))[0];
}

/** oid and what the comment says; null: there is no such database. */
async function sideOf(plan: Plan) {
  const sql = `SELECT oid || ' ' || shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '${sideIn(plan)}'`;
  const text = await cluster.psql("postgres", sql);
  return text === "" ? null : { oid: Number.parseInt(text, 10), note: parseNote(text) };
}

async function plansIn(workplace: Workplace): Promise<readonly string[]> {
  return (await readdir(workplace.folder)).filter((one) => /^r.*\.yaml$/.test(one)).sort();
}

async function holdsIn(workplace: Workplace): Promise<number> {
  return (await filesOf(workplace, "primary")).filter((file) => file.includes("/hold/")).length;
}

describe("a restore that failed only at entries without data", () => {
  it("leaves a plan that goes on without them, from what was loaded", async () => {
    const { workplace, live } = await plannedPlace();
    const failed = await workplace.dbops(FIRST);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/DATA public counted .*signals/) });
    expect(`${failed.stdout}${failed.stderr}`).toContain("dbops apply r-2.yaml");
    const [first, second] = [await readPlan(workplace, "r.yaml"), await readPlan(workplace, "r-2.yaml")];
    expect(loadIn(second)?.tolerate).toEqual([
      expect.stringContaining("MATERIALIZED VIEW DATA public counted"),
    ]);
    const side = await sideOf(first);
    expect(side?.note).toMatchObject({ state: "partial", plan: first.plan });
    expect(await holdsIn(workplace)).toBe(1);

    expect(mustSucceed(await workplace.dbops(["show", "r-2.yaml"])).stdout).toContain("taken over");
    mustSucceed(await workplace.dbops(["apply", "r-2.yaml", "--dry-run"]));
    expect(await sideOf(first)).toEqual(side);
    const applied = mustSucceed(await workplace.dbops(SECOND));
    expect(applied.stdout).toContain(`plan ${first.plan.slice(0, 12)} loaded ${sideIn(first)}`);
    expect(await cluster.psql("postgres", `SELECT oid FROM pg_database WHERE datname = '${live}'`)).toBe(
      String(side?.oid),
    );
    expect(await cluster.psql(live, "SELECT count(*) FROM signals")).toBe("100");
    expect(await holdsIn(workplace)).toBe(0);
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });

    const late = await workplace.dbops(FIRST);
    expect(late).toMatchObject({ code: 4, stderr: expect.stringContaining("the plan was made for") });
    expect(await sideOf(first)).toBeNull();
  });

  it("need not be told of them the next time, whose archive has other numbers", async () => {
    const { workplace, live } = await plannedPlace();
    await workplace.dbops(FIRST);
    mustSucceed(await workplace.dbops(SECOND));
    await cluster.psql(live, "REFRESH MATERIALIZED VIEW counted"); // only one that is filled has data
    await takeBackup(workplace);
    mustSucceed(
      await workplace.dbops(["plan", "production", "restore", "--at", "latest", "--out", "n.yaml"]),
    );
    const accepted = loadIn(await readPlan(workplace, "r-2.yaml"))?.tolerate ?? [];
    const next = loadIn(await readPlan(workplace, "n.yaml"));
    const { plan } = await readPlan(workplace, "r-2.yaml");
    expect(next?.tolerate).toEqual([expect.stringContaining("MATERIALIZED VIEW DATA public counted")]);
    expect(next?.tolerate).not.toEqual(accepted);
    expect(next?.acceptedBefore).toEqual([{ entry: next?.tolerate[0], plan }]);
    mustSucceed(await workplace.dbops(["apply", "n.yaml", "--yes"]));
  });

  it("is loaded anew by its own plan, which writes over no file", async () => {
    const { workplace } = await plannedPlace();
    await workplace.dbops(FIRST);
    const first = await readPlan(workplace, "r.yaml");
    const before = await sideOf(first);
    expect(await workplace.dbops(["apply", first.plan, "--yes"])).toMatchObject({ code: 1 });
    expect((await sideOf(first))?.oid).not.toBe(before?.oid);
    expect(await workplace.dbops(FIRST)).toMatchObject({ code: 1 });
    expect(await plansIn(workplace)).toEqual(["r-2.yaml", "r-3.yaml", "r.yaml"]);
    expect((await readdir(`${workplace.folder}/plans`)).join()).toMatch(/^restore-\d{8}\.yaml$/);
    mustSucceed(await workplace.dbops(SECOND)); // it is about the same entries
  });

  it("is not loaded anew where the other plan has taken it over", async () => {
    const { workplace } = await plannedPlace();
    await workplace.dbops(FIRST);
    const second = await readPlan(workplace, "r-2.yaml");
    const { environment, plan } = second;
    const side = await sideOf(second);
    const taken = JSON.stringify({ ...side?.note, environment, state: "loaded", plan });
    await cluster.psql("postgres", `COMMENT ON DATABASE ${sideIn(second)} IS 'x | ${taken}'`);
    expect(await workplace.dbops(FIRST)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("that this plan did not make"),
    });
    expect((await sideOf(second))?.oid).toBe(side?.oid);
    mustSucceed(await workplace.dbops(SECOND));
  });

  it("is loaded anew by the other plan where somebody dropped the side database", async () => {
    const { workplace, live } = await plannedPlace();
    await workplace.dbops(FIRST);
    await cluster.psql("postgres", `DROP DATABASE ${sideIn(await readPlan(workplace, "r.yaml"))}`);
    const applied = mustSucceed(await workplace.dbops(SECOND));
    expect(applied.stdout).toMatch(/tolerated: .*counted/);
    expect(await cluster.psql(live, "SELECT count(*) FROM signals")).toBe("100");
  });

  it("is not gone on from where something else failed in it by now", async () => {
    const { workplace } = await plannedPlace();
    await workplace.dbops(FIRST);
    const first = await readPlan(workplace, "r.yaml");
    const note = JSON.stringify({ ...(await sideOf(first))?.note, failed: "0".repeat(64) });
    await cluster.psql("postgres", `COMMENT ON DATABASE ${sideIn(first)} IS 'x | ${note}'`);
    const before = await sideOf(first);
    expect(await workplace.dbops(SECOND)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("that this plan did not make"),
    });
    expect(await sideOf(first)).toEqual(before);
  });
});

/** A workplace with a database of its own, a backup of it, and a plan to restore that. */
async function placeOf(database: string, sql: string): Promise<Workplace> {
  const workplace = await makeWorkplace();
  onTestFinished(() => workplace.remove());
  await cluster.createDatabase(database);
  await cluster.psql(database, sql);
  await declareApp(workplace, cluster, { ...declaration(cluster), database });
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
  await takeBackup(workplace);
  mustSucceed(await workplace.dbops(PLAN));
  return workplace;
}

describe("a role that went after the restore was planned", () => {
  it("costs the grants to it, which are named, and nothing else", async () => {
    const grants = "CREATE ROLE reader; CREATE TABLE read AS SELECT 1 AS id; GRANT SELECT ON read TO reader";
    const workplace = await placeOf("granted", grants);
    await cluster.psql("granted", "DROP OWNED BY reader; DROP ROLE reader; TRUNCATE read");
    const failed = await workplace.dbops(FIRST);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ ACL public TABLE read .*reader/),
    });
    mustSucceed(await workplace.dbops(SECOND));
    expect(await cluster.psql("granted", "SELECT count(*) FROM read")).toBe("1");
  });
});

describe("a restore that lost rows", () => {
  it("leaves no such plan, and says how they are given up by name", async () => {
    const workplace = await placeOf("rows", `${SCHEMA}${NEEDS_ANOTHER}`);
    const failed = await workplace.dbops(FIRST);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("given up only by name") });
    expect(await plansIn(workplace)).toEqual(["r.yaml"]);
    const [rows = ""] = /'\d+ \d+ TABLE DATA public child [^']*'/.exec(failed.stderr) ?? [];
    mustSucceed(await workplace.dbops([...PLAN, "--tolerate", rows.slice(1, -1)]));
    expect(await workplace.dbops(FIRST)).toMatchObject({ code: 1 });
    expect(loadIn(await readPlan(workplace, "r-2.yaml"))?.tolerate).toHaveLength(2);
    mustSucceed(await workplace.dbops(SECOND));
    expect(
      await cluster.psql("rows", "SELECT (SELECT count(*) FROM parent), (SELECT count(*) FROM child)"),
    ).toBe("3|0");
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
