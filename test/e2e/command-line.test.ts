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
