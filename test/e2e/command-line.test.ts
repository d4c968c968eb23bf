import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { environmentYaml, makeWorkplace, type Workplace } from "../support/workplace.ts";

let cluster: Cluster;
let workplace: Workplace;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase("app");
  workplace = await makeWorkplace();
  await workplace.declare("production", environmentYaml(workplace, cluster));
  await workplace.dbops(["init", "stores", "production"]);
  await workplace.dbops(["plan", "production", "--out", "p.yaml", "--expires", "2d"]);
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

describe("the help", () => {
  it("names every command of the README, and each of them has a help of its own", async () => {
    const { stdout, code } = await workplace.dbops(["--help"]);
    expect(code).toBe(0);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map((found) => found[1] ?? "");
    const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
    const named = [...readme.matchAll(/^\| `dbops ([a-z]+)/gm)].map((found) => found[1] ?? "");
    expect(listed).toEqual(expect.arrayContaining([...new Set(named)]));
    const helps = await Promise.all(
      listed.map((name) => workplace.dbops(name === "help" ? ["help"] : [name, "--help"])),
    );
    expect(helps.map((one) => one.code)).toEqual(listed.map(() => 0));
  });
});

describe("the options of a plan", () => {
  it("let it be good for as long as --expires says, up to 7 days", async () => {
    const text = await readFile(join(workplace.folder, "p.yaml"), "utf8");
    const read = (key: string) => Date.parse(new RegExp(`^${key}: (.*)$`, "m").exec(text)?.[1] ?? "");
    expect(read("expiresAt") - read("createdAt")).toBe(2 * 24 * 3_600_000);
    expect(await workplace.dbops(["plan", "production", "--expires", "8d"])).toMatchObject({ code: 3 });
    expect(await workplace.dbops(["plan", "production", "--expires", "soon"])).toMatchObject({ code: 3 });
  });

  it("show it as Markdown for a pull request", async () => {
    const { stdout, code } = await workplace.dbops(["show", "p.yaml", "--markdown"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^#+ /);
    expect(stdout).toContain("Plan: 1 to add, 0 to change, 0 to destroy.");
  });

  it("are refused behind an operation that they do not belong to", async () => {
    const ran = await workplace.dbops(["plan", "production", "--label", "x"]);
    expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining("--label belongs to plan backup") });
    const both = await workplace.dbops(["plan", "production", "prune", "app", "--orphan", "old"]);
    expect(both).toMatchObject({ code: 3, stderr: expect.stringContaining("not both") });
  });

  it.each([
    [["prune", "--deep"], "--deep belongs to plan without an operation and plan backup and plan verify"],
    [["backup", "--allow-large-prune"], "--allow-large-prune belongs to plan without an operation"],
    [["release", "x", "--deep"], "--deep belongs to"],
    [["--at", "latest"], "--at belongs to plan restore, not to plan without an operation"],
    [["backup", "--into", "x"], "--into belongs to plan restore, not to plan backup"],
    [["--no-tablespaces"], "--no-tablespaces belongs to plan restore, not to plan without an operation"],
    [["restore", "--at", "latest", "--observed", "o.json"], "--observed belongs to"],
    [["restore", "--at", "latest", "--target", "app.swap"], "--target belongs to"],
    [["restore", "--at", "latest", "--label", "x"], "--label belongs to plan backup, not to plan restore"],
    [["restor", "--at", "latest"], 'no operation "restor"'],
  ])("are refused where they mean nothing: %j", async (args, detail) => {
    const ran = await workplace.dbops(["plan", "production", ...args]);
    expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining(detail) });
  });
});

describe("the options of a restore", () => {
  it.each([
    [[], "a restore says which backup", "dbops plan production restore --at latest"],
    [["--at", "latest", "--file", "x"], "one of them", "dbops plan"],
    [["--at", "latest", "--in-place", "--into", "x"], "--in-place and --into x: one of them", "dbops plan"],
    [["app", "--at", "latest"], "restore takes no app", "restore --database app --at latest"],
    [["--at", "latest", "--into", ""], "--into needs a name", "--into NAME"],
    [["--at", "latest", "--safety", "after"], "before", "dbops --help"],
    [["--at", "latest", "--jobs", "0"], "whole number from 1 on", "dbops --help"],
    [["--at", "latest", "--jobs", "33"], "whole number from 1 to 32", "dbops --help"],
    [["--at", "yesterday"], "--at yesterday is no moment", "--at latest"],
    [["--at", "2026-11-24T01:00:00"], "lacks its zone", "--at latest"],
    [["--file", "../../staging/app/x.dump"], "is a path", "dbops backups"],
    [["--at", "latest", "--database", "other"], 'has no database "other"', ""],
    [["--at", "latest", "--store", "dr"], 'is not kept in a store "dr"', ""],
    [["--at", "latest", "--from", "nowhere"], 'no environment "nowhere"', ""],
  ])("say what is meant, or are refused: %j", async (args, detail, fix) => {
    const ran = await workplace.dbops(["plan", "production", "restore", ...args]);
    expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining(detail) });
    expect(ran.stderr).toContain(fix);
  });

  it("ask for a backup that there is", async () => {
    const ran = await workplace.dbops(["plan", "production", "restore", "--at", "latest"]);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("no such backup") });
  });
});

describe("doctor", () => {
  it("finds nothing where all is well", async () => {
    expect(await workplace.dbops(["doctor", "production"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("honours conditional writes under a race"),
    });
  });

  it("names the GRANT that a role lacks, and exits 1", async () => {
    await cluster.psql("app", "CREATE TABLE secret_plans (id int)");
    await cluster.createRole("reader");
    await workplace.declare("production", environmentYaml(workplace, cluster, { user: "reader" }));
    const ran = await workplace.dbops(["doctor", "production"]);
    expect(ran).toMatchObject({ code: 1, stdout: expect.stringMatching(/GRANT SELECT ON .*secret_plans/) });
  });

  it("names a program that is missing, and exits 1", async () => {
    await workplace.declare("production", environmentYaml(workplace, cluster));
    const ran = await workplace.dbops(["doctor", "production"], { DBOPS_PG_BINDIR: workplace.folder });
    expect(ran).toMatchObject({ code: 1, stdout: expect.stringContaining("a program is missing") });
  });
});
