import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type } from "../support/by-hand.ts";
import { programsOf } from "../support/child-processes.ts";
import { contentOf } from "../support/database-content.ts";
import { declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { toolsWith } from "../support/replaced-tools.ts";
import { backupFilesOf, failureOf, mustSucceed, planBackup, recordsText } from "../support/taken-backup.ts";
import { copyWorkplace, makeWorkplace, type Workplace } from "../support/workplace.ts";

const KEY = "the scripts' 32 character passphrase";
const ENV = { BACKUP_ENCRYPTION_KEY: KEY };
const NAME = /^production_app_\d{8}_\d{6}\.sql\.gz\.enc$/;

let cluster: Cluster;
let template: Workplace;
let workplace: Workplace;

beforeAll(async () => {
  [cluster, template] = await Promise.all([startCluster({ inMemory: true }), makeWorkplace()]);
  await cluster.createDatabase("app");
  await cluster.psql("app", await readFile("test/support/hard-schema.sql", "utf8"));
  await declareApp(template, cluster, {
    stores: { primary: "./stores/primary", dr: "./stores/dr" },
    format: "sql",
    encryption: { openssl: { passphrase: { env: "BACKUP_ENCRYPTION_KEY" } } },
  });
  mustSucceed(await template.dbops(["init", "stores", "production"]));
});

afterAll(async () => {
  await template?.remove();
  await cluster?.stop();
});

beforeEach(async () => {
  workplace = await copyWorkplace(template);
  return () => workplace.remove();
});

describe("a backup in the format sql", () => {
  it("is what the runbook's commands check and open, in every store, and covers its slot", async () => {
    mustSucceed(await workplace.dbops(["plan", "production", "--deep", "--out", "p.yaml"]));
    mustSucceed(await workplace.dbops(["apply", "p.yaml", "--dry-run"], ENV));
    mustSucceed(await workplace.dbops(["apply", "p.yaml"], ENV));
    const [file = "", checksum = "", ...more] = await backupFilesOf(workplace);
    expect([file, checksum, more]).toEqual([expect.stringMatching(NAME), `${file}.sha256`, []]);
    expect(await backupFilesOf(workplace, "dr")).toEqual([file, checksum]);
    await expectOpenedByHand(join(workplace.folder, "stores", "dr"), file);
    expect(mustSucceed(await workplace.dbops(["plan", "production"])).stdout).toContain("No changes.");
    mustSucceed(await workplace.dbops(["check", "production"]));
    mustSucceed(await workplace.dbops(["audit", "verify", "production"]));
    expect(await recordsText(workplace)).not.toContain(KEY);
  });

  it("is finished once, however often its apply is killed at an entry of the journal", async () => {
    mustSucceed(await workplace.dbops(["plan", "production", "--out", "p.yaml"]));
    const env = {
      ...ENV,
      NODE_OPTIONS: `--import=${join(import.meta.dirname, "../support/die-at-journal.ts")}`,
      DBOPS_TEST_DEATHS: join(workplace.folder, "deaths"),
    };
    let ran = await workplace.dbops(["apply", "p.yaml"], env);
    for (; ran.signal === "SIGKILL"; ran = await workplace.dbops(["apply", "p.yaml"], env))
      for (const store of ["primary", "dr"]) await expectNoneUnchecked(store);
    expect(mustSucceed(ran).stdout).toContain("resumed");
    const deaths = await readFile(env.DBOPS_TEST_DEATHS, "utf8");
    expect(deaths.split("\n")).toEqual(
      expect.arrayContaining([
        "after noted app.upload bound+sealed",
        "after noted app.upload sealed",
        "before end app.dump, end app.encrypt, end app.upload",
        "before end app.copy.dr",
      ]),
    );
    const files = await backupFilesOf(workplace);
    expect(files).toEqual([expect.stringMatching(NAME), `${files[0]}.sha256`]);
    expect(await backupFilesOf(workplace, "dr")).toEqual(files);
    expect(await workplace.dbops(["apply", "p.yaml"], ENV)).toMatchObject({ code: 4 });
  });

  it.each([
    ["stops in its middle with exit code 1", `$real "$@" | head -c 20000; exit 1`, /pg_dump: exit code 1/],
    [
      "loses its end and exits with 0",
      `$real "$@" | head -n -12`,
      /its output does not end with the line that ends every plain dump/,
    ],
  ])("is not there when pg_dump %s", async (_, pg_dump, says) => {
    const plan = await planBackup(workplace);
    const bin = await toolsWith(cluster, workplace.folder, { pg_dump });
    const ran = await workplace.dbops(["apply", plan, "--json"], { ...ENV, DBOPS_PG_BINDIR: bin });
    expect([ran.code, failureOf(ran, "app.dump")]).toMatchObject([
      1,
      { code: "DUMP_FAILED", detail: expect.stringMatching(says), fix: expect.stringMatching(/./) },
    ]);
    expect([await backupFilesOf(workplace), await backupFilesOf(workplace, "dr")]).toEqual([[], []]);
    expect(programsOf(cluster)).toEqual([]);
    mustSucceed(await workplace.dbops(["apply", plan], ENV));
    expect(await backupFilesOf(workplace)).toHaveLength(2);
  });

  it("has no place for a label", async () => {
    const ran = await workplace.dbops(["plan", "production", "backup", "--label", "before migration 42"]);
    expect([ran.code, ran.stderr]).toEqual([3, expect.stringContaining("leave --label out")]);
  });
});

/** As the runbook does it: the checksum, then the pipeline into an empty database. */
async function expectOpenedByHand(folder: string, file: string): Promise<void> {
  const { stdout } = await promisify(execFile)("sha256sum", ["-c", `${file}.sha256`], { cwd: folder });
  expect(stdout).toBe(`${file}: OK\n`);
  await cluster.psql("postgres", "CREATE DATABASE opened TEMPLATE template0");
  await type(
    { folder, cluster },
    `set -o pipefail; openssl enc -d -AES256 -k "${KEY}" -in ${file} 2>/dev/null | gunzip | psql -Xq -v ON_ERROR_STOP=1 opened`,
  );
  const [source, opened] = await Promise.all([contentOf(cluster, "app"), contentOf(cluster, "opened")]);
  expect(opened.text === source.text).toBe(true); // a diff of megabytes would help nobody
  expect(opened.checksums).toBe(source.checksums);
}

/** A checksum stands only beside a file that it fits. */
async function expectNoneUnchecked(store: string): Promise<void> {
  const folder = join(workplace.folder, "stores", store);
  for (const key of await backupFilesOf(workplace, store))
    if (key.endsWith(".sha256")) await promisify(execFile)("sha256sum", ["-c", key], { cwd: folder });
}
