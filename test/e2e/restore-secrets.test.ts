import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Ran } from "../support/dbops.ts";
import { declareApp } from "../support/declared-environment.ts";
import { edit } from "../support/plan-text.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { descendantsOf } from "../support/processes.ts";
import { backupFilesOf, mustSucceed, recordsText, takeBackup } from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

const ADMIN_PASSWORD = "admin-secret-4711";
const WRONG_PASSWORD = "wrong-secret-0815";
/** In rows whose load fails, in statements, in a setting: nothing that dbops says may quote them. */
const INSIDE = ["row-secret", "default-secret", "function-secret", "mapping-secret", "setting-secret"];

let cluster: Cluster;
let workplace: Workplace;
const said: Ran[] = [];
const argv = new Set<string>();

beforeAll(async () => {
  [cluster, workplace] = await Promise.all([startCluster({ inMemory: true }), makeWorkplace()]);
  await cluster.psql("postgres", `CREATE ROLE restorer LOGIN SUPERUSER PASSWORD '${ADMIN_PASSWORD}'`);
  await cluster.createDatabase("app");
  await cluster.psql("app", SCHEMA);
  await declareApp(workplace, cluster, {
    identities: [{ file: "./age.key" }],
    admin: { user: "restorer", password: { env: "ADMIN_PASSWORD" } },
  });
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
  await takeBackup(workplace);
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

/** `checked` and `numbers` cannot be loaded: the one asks a table that comes later, the other fails on what it reads. */
const SCHEMA = `
  CREATE TABLE known (v text);
  INSERT INTO known VALUES ('row-secret');
  CREATE FUNCTION is_known(text) RETURNS bool LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.known WHERE v = $1)';
  CREATE TABLE checked (v text CHECK (is_known(v)), w text DEFAULT 'default-secret');
  INSERT INTO checked VALUES ('row-secret');
  CREATE TABLE raw AS SELECT '1' AS n;
  CREATE MATERIALIZED VIEW numbers AS SELECT n::int FROM raw;
  UPDATE raw SET n = 'row-secret';
  CREATE FUNCTION tell() RETURNS text LANGUAGE sql AS $$ SELECT 'function-secret' $$;
  CREATE EXTENSION postgres_fdw;
  CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
  CREATE USER MAPPING FOR postgres SERVER elsewhere OPTIONS (password 'mapping-secret');
  ALTER DATABASE app SET app.key = 'setting-secret';`;

/** Runs dbops, looking at the arguments of every program that it starts. */
async function run(args: readonly string[], password = ADMIN_PASSWORD): Promise<Ran> {
  const running = workplace.start(args, { ADMIN_PASSWORD: password });
  const ended = running.ended.then(() => true);
  while (!(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2, false))])))
    for (const one of descendantsOf(running.child.pid ?? 0)) argv.add(one.argv.join(" "));
  const ran = await running.ended;
  said.push(ran);
  return ran;
}

async function leaks(): Promise<readonly string[]> {
  const plans = (await readdir(workplace.folder)).filter((name) => name.endsWith(".yaml"));
  const files = plans.map((name) => readFile(join(workplace.folder, name), "utf8"));
  const places: readonly (readonly [string, string])[] = [
    ["argv", [...argv].join("\n")],
    ["records", await recordsText(workplace)],
    ["plans", (await Promise.all(files)).join("\n")],
    ["stdout", said.map((one) => one.stdout).join("\n")],
    ["stderr", said.map((one) => one.stderr).join("\n")],
  ];
  const secrets = [ADMIN_PASSWORD, WRONG_PASSWORD, cluster.password, "AGE-SECRET-KEY-1", ...INSIDE];
  return places.flatMap(([place, text]) =>
    secrets.flatMap((one) => (text.includes(one) ? [`${place}: ${one}`] : [])),
  );
}

const PLAN = ["plan", "production", "restore", "--at", "latest", "--verbose", "--out"];

it("no secret and no value out of the database comes out of a restore that fails, or of one that succeeds", async () => {
  mustSucceed(await run([...PLAN, "r.yaml"]));
  mustSucceed(await run(["show", "r.yaml", "--json"]));
  mustSucceed(await run(["apply", "r.yaml", "--dry-run", "--verbose"]));
  const failed = await run(["apply", "r.yaml", "--yes", "--verbose"]);
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("violates check constraint") });
  expect(failed.stderr).toContain('invalid input syntax for type integer: "…"');
  expect(await run([...PLAN, "wrong.yaml"], WRONG_PASSWORD)).toMatchObject({ code: 1 });
  expect(await run(["apply", "r.yaml", "--yes", "--json"], WRONG_PASSWORD)).toMatchObject({ code: 1 });
  const accepted = [...failed.stderr.matchAll(/--tolerate '([^']*)'/g)].flatMap(([, entry = ""]) => [
    "--tolerate",
    entry,
  ]);
  mustSucceed(await run([...PLAN, "s.yaml", ...accepted]));
  mustSucceed(await run(["apply", "s.yaml", "--yes", "--json"]));
  expect(await cluster.psql("app", "SELECT (SELECT count(*) FROM checked), tell()")).toBe(
    "0|function-secret",
  );
  mustSucceed(await run(["audit", "show", "production", "--json"]));
  mustSucceed(await workplace.dbops(["plan", "production", "backup", "--out", "b.yaml"])); // without ADMIN_PASSWORD
  await cluster.psql("postgres", "DROP DATABASE app");
  mustSucceed(await run([...PLAN, "gone.yaml", ...accepted]));
  expect((await backupFilesOf(workplace)).length).toBeGreaterThan(4);
  expect([...argv].join("\n")).toMatch(/pg_restore.*--section=post-data/);
  expect(await leaks()).toEqual([]);
});

it("without its password no restore is planned, and the message names where it is declared; a backup needs none", async () => {
  const ran = await workplace.dbops([...PLAN, "none.yaml"]);
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("ADMIN_PASSWORD") });
  await edit(workplace, "environments/production.yaml", (text) => text.replace("ADMIN_PASSWORD", "OTHER"));
  expect((await workplace.dbops([...PLAN, "none.yaml"])).stderr).toContain("OTHER");
});
