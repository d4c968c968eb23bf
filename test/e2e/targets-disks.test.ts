import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Declared, declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { mountSmallDisk, type SmallDisk } from "../support/small-disk.ts";
import { failureOf, mustSucceed, newestBackup, recordsText } from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

let cluster: Cluster;
let workplace: Workplace;
let disk: SmallDisk;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase("app");
  // 6 MiB that no compression makes small
  await cluster.psql(
    "app",
    "CREATE TABLE big AS SELECT i, gen_random_uuid() AS a, gen_random_uuid() AS b FROM generate_series(1, 150000) AS i",
  );
});

afterAll(() => cluster?.stop());

beforeEach(async () => {
  workplace = await makeWorkplace();
  disk = await mountSmallDisk(workplace, "stores/small");
});

afterEach(async () => {
  await disk.unmount();
  await workplace.remove();
});

const SMALL = "./stores/small";
const PRIMARY = "./stores/primary";

async function declareAndPlan(declared: Declared): Promise<void> {
  await declareApp(workplace, cluster, declared);
  mustSucceed(await disk.dbops(["init", "stores", "production"]));
  mustSucceed(await disk.dbops(["plan", "production", "backup", "--out", "p.yaml"]));
}

/** Everything of backups on the small disk, folders and temporary files included. */
async function onDisk(): Promise<readonly string[]> {
  const files = await readdir(disk.path, { recursive: true });
  return files.filter((key) => !key.startsWith("_dbops"));
}

const FULL = {
  code: "STORE_FULL",
  detail: expect.stringMatching(/stores\/small: ENOSPC/),
  fix: expect.stringMatching(/^make room.*\ndf -h .*\/stores\/small$/s),
};

describe("a disk that is full in the middle of an upload", () => {
  it("fails the upload and has nothing of the backup; the same plan goes on when there is room", async () => {
    await declareAndPlan({ stores: { small: SMALL } });
    const ran = await disk.dbops(["apply", "p.yaml", "--json"]);
    expect([ran.code, failureOf(ran, "app.upload")]).toMatchObject([1, FULL]);
    expect(await onDisk()).toEqual([]);
    const { stdout } = mustSucceed(await disk.dbops(["audit", "show", "production"]));
    expect(stdout).toContain("failed app.upload: a store has no space left");
    await disk.change("size=64m");
    mustSucceed(await disk.dbops(["apply", "p.yaml"]));
    expect((await onDisk()).filter((key) => key.endsWith("manifest.json"))).toHaveLength(1);
  });

  it("fails a copy alone: the backup that it would have copied stays, whole", async () => {
    await declareAndPlan({ stores: { primary: PRIMARY, small: SMALL } });
    const ran = await disk.dbops(["apply", "p.yaml", "--json"]);
    expect([ran.code, failureOf(ran, "app.copy.small")]).toMatchObject([1, FULL]);
    expect(failureOf(ran, "app.verify")).toBeUndefined();
    expect((await onDisk()).join("\n")).not.toMatch(/\.dump|\.part|manifest/);
    const { manifest } = await newestBackup(workplace, "primary");
    await disk.change("size=64m");
    mustSucceed(await disk.dbops(["apply", "p.yaml"]));
    expect(await readdir(join(disk.path, "app"))).toEqual([manifest.name.slice(-15)]);
  });
});

describe("a disk that may only be read", () => {
  it("fails the upload, with the fix", async () => {
    await declareAndPlan({ stores: { small: SMALL, primary: PRIMARY }, records: "primary", kept: ["small"] });
    await disk.change("ro");
    const ran = await disk.dbops(["apply", "p.yaml", "--json"]);
    expect([ran.code, failureOf(ran, "app.upload")]).toMatchObject([
      1,
      {
        code: "STORE_UNWRITABLE",
        detail: expect.stringMatching(/stores\/small: EROFS/),
        fix: expect.stringMatching(/the right to write there.*\nls -ld .*\/stores\/small$/s),
      },
    ]);
    expect(await onDisk()).toEqual([]);
    expect(await recordsText(workplace)).toContain("a store cannot be written");
  });

  it("fails before anything begins when the records are on it", async () => {
    await declareAndPlan({ stores: { small: SMALL } });
    await disk.change("ro");
    const ran = await disk.dbops(["apply", "p.yaml"]);
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringMatching(/^error: a store cannot be written\n.*stores\/small: EROFS.*\nhint: /s),
    ]);
    await disk.change("rw");
    expect(await onDisk()).toEqual([]);
  });
});
