import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { environmentYaml, makeWorkplace, type Workplace } from "../support/workplace.ts";

let cluster: Cluster;
let workplace: Workplace;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase("app");
  await cluster.psql(
    "app",
    "create table users as select g as id, md5(g::text) as name from generate_series(1, 1000) g",
  );
  workplace = await makeWorkplace();
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

describe("the main job", () => {
  it("goes from a declared environment to a verified copy, and then has nothing to do", async () => {
    await workplace.declare("production", environmentYaml(workplace, cluster, { stores: ["primary", "dr"] }));
    expect(await workplace.dbops(["validate"])).toMatchObject({ code: 0 });
    expect(await workplace.dbops(["init", "stores", "production"])).toMatchObject({ code: 0 });
    expect(
      await workplace.dbops(["plan", "production", "--out", "p.yaml", "--detailed-exitcode"]),
    ).toMatchObject({ code: 2 });
    const before = await filesOf("primary");
    expect(await workplace.dbops(["apply", "p.yaml", "--dry-run"])).toMatchObject({ code: 0 });
    expect(await filesOf("primary")).toEqual(before);
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
    const again = await workplace.dbops(["plan", "production"]);
    expect(again.stdout).toContain("No changes. production matches environments/production.yaml.");
    expect((await filesOf("primary")).filter((key) => key.startsWith("app/"))).toEqual(
      await backupFilesOf("dr"),
    );
    expect(await workplace.dbops(["check", "production"])).toMatchObject({ code: 0 });
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 4 });
  });
});

async function filesOf(store: string): Promise<readonly string[]> {
  const entries = await readdir(join(workplace.folder, "stores", store), {
    recursive: true,
    withFileTypes: true,
  });
  const root = join(workplace.folder, "stores", store);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

async function backupFilesOf(store: string): Promise<readonly string[]> {
  return (await filesOf(store)).filter((key) => key.startsWith("app/"));
}
