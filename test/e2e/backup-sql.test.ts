import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type } from "../support/by-hand.ts";
import { programsOf } from "../support/child-processes.ts";
import { contentOf } from "../support/database-content.ts";
import { type Declared, declareApp } from "../support/declared-environment.ts";
import { stallDumps } from "../support/held-lock.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { descendantsOf } from "../support/processes.ts";
import { toolsWith } from "../support/replaced-tools.ts";
import { type S3Server, startMinio } from "../support/s3-servers.ts";
import { until } from "../support/store-files.ts";
import { backupFilesOf, failureOf, mustSucceed, planBackup, recordsText } from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

const KEY = "the scripts' 32 character passphrase";
const ENV = { BACKUP_ENCRYPTION_KEY: KEY };
const FILE = /^production_app_\d{8}_\d{6}\.sql\.gz\.enc$/;
const PREFIX = "backups/production/";

let cluster: Cluster;
let server: S3Server;
let bucket: string;
let workplace: Workplace;

beforeAll(async () => {
  [cluster, server] = await Promise.all([startCluster({ inMemory: true }), startMinio()]);
  await cluster.createDatabase("app");
  await cluster.psql("app", await readFile("test/support/hard-schema.sql", "utf8"));
});

afterAll(async () => {
  await server?.stop();
  await cluster?.stop();
});

beforeEach(async () => {
  workplace = await makeWorkplace();
  return () => workplace.remove();
});

describe("a backup in the format sql", () => {
  it("is what the runbook's commands check and open, in a bucket and in a folder, behind runs that broke off", async () => {
    await declare({ primary: { s3: await bucketOf() }, dr: "./stores/dr" });
    const planned = await workplace.dbops(["plan", "production", "--deep", "--out", "p.yaml"]);
    expect(mustSucceed(planned).stdout).toMatch(
      /dump app, as SQL, gzip 6\n +encrypt app, openssl AES-256 to a passphrase\n/,
    );
    mustSucceed(await workplace.dbops(["apply", "p.yaml", "--dry-run"], ENV));
    expect(await breakOff("SIGINT")).toMatchObject({ code: 130 });
    expect(await breakOff("SIGKILL")).toMatchObject({ signal: "SIGKILL" });
    mustSucceed(await workplace.dbops(["apply", "p.yaml"], ENV));

    const [mark = "", file = "", checksum = "", ...more] = await backupFilesOf(workplace, "dr");
    expect([mark, file, checksum, more]).toEqual([
      file.replace("sql.gz.enc", "origin.scheduled"),
      expect.stringMatching(FILE),
      `${file}.sha256`,
      [],
    ]);
    expect(await keysInBucket()).toEqual([mark, file, checksum]);
    await expectOpenedByHand(join(workplace.folder, "stores", "dr"), file);
    expect(mustSucceed(await workplace.dbops(["plan", "production"])).stdout).toContain("No changes.");
    mustSucceed(await workplace.dbops(["check", "production"]));
    mustSucceed(await workplace.dbops(["audit", "verify", "production"]));
    const { stdout } = mustSucceed(await workplace.dbops(["doctor", "production"], ENV));
    expect(stdout).toContain("the passphrase of its .sql.gz.enc files can be read");
  });

  it("is finished once, however often its apply is killed at an entry of the journal", async () => {
    await declare({ primary: "./stores/primary", dr: "./stores/dr" });
    const plan = await planBackup(workplace, ["--hold"]);
    const env = {
      ...ENV,
      NODE_OPTIONS: `--import=${join(import.meta.dirname, "../support/die-at-journal.ts")}`,
      DBOPS_TEST_DEATHS: join(workplace.folder, "deaths"),
    };
    let ran = await workplace.dbops(["apply", plan], env);
    for (; ran.signal === "SIGKILL"; ran = await workplace.dbops(["apply", plan], env))
      for (const store of ["primary", "dr"]) await expectChecksums(store);
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
    const [hold = "", mark = "", file, ...more] = await backupFilesOf(workplace);
    expect([hold, mark, file, more]).toEqual([
      expect.stringMatching(/^production_app_\d{8}_\d{6}\.hold\.hold-\d{8}\.json$/),
      expect.stringMatching(/^production_app_\d{8}_\d{6}\.origin\.forced$/),
      expect.stringMatching(FILE),
      [`${file}.sha256`],
    ]);
    expect(await backupFilesOf(workplace, "dr")).toEqual([hold, mark, file, ...more]);
    expect(await recordsText(workplace)).not.toContain(KEY);
    expect(await workplace.dbops(["apply", plan], ENV)).toMatchObject({ code: 4 });
  });

  it("is not there when pg_dump stops in its middle, writes what no restore reads, or loses its end and says nothing", async () => {
    await declare({ primary: "./stores/primary" });
    const plan = await planBackup(workplace);
    const faults = [
      [`$real "$@" | head -c 20000; exit 1`, "pg_dump: exit code 1"],
      [`$real "$@" | sed 's/_strings = on/_strings = off/'`, "SET standard_conforming_strings = off"],
      [`$real "$@" | head -n -12`, "its output does not end with the line that ends every plain dump"],
    ] as const;
    for (const [pg_dump, says] of faults) {
      const bin = await toolsWith(cluster, workplace.folder, { pg_dump });
      const ran = await workplace.dbops(["apply", plan, "--json"], { ...ENV, DBOPS_PG_BINDIR: bin });
      const failure = { code: "DUMP_FAILED", detail: expect.stringContaining(says) };
      expect([ran.code, failureOf(ran, "app.dump")]).toMatchObject([1, failure]);
      expect([await backupFilesOf(workplace), programsOf(cluster)]).toEqual([[], []]);
    }
    const warning = "pg_dump: warning: there are circular constraints";
    const bin = await toolsWith(cluster, workplace.folder, { pg_dump: `$real "$@"; echo '${warning}' >&2` });
    const ran = mustSucceed(await workplace.dbops(["apply", plan], { ...ENV, DBOPS_PG_BINDIR: bin }));
    expect(ran.stdout).toContain(`     warning: ${warning}\n`);
    expect(await backupFilesOf(workplace)).toHaveLength(3);
  });

  it("has no place for a label, and is not made without its passphrase, which doctor misses", async () => {
    await declare({ primary: "./stores/primary" });
    const labelled = await workplace.dbops([
      "plan",
      "production",
      "backup",
      "--label",
      "before migration 42",
    ]);
    expect([labelled.code, labelled.stderr]).toEqual([3, expect.stringContaining("leave --label out")]);
    const ran = await workplace.dbops(["apply", await planBackup(workplace), "--json"]);
    expect([ran.code, failureOf(ran, "app.dump")]).toMatchObject([1, { code: "SECRET_UNAVAILABLE" }]);
    expect(await backupFilesOf(workplace)).toEqual([]);
    const examined = await workplace.dbops(["doctor", "production"]);
    expect([examined.code, examined.stdout]).toEqual([1, expect.stringContaining("BACKUP_ENCRYPTION_KEY")]);
  });
});

async function declare(stores: NonNullable<Declared["stores"]>): Promise<void> {
  const openssl = { passphrase: { env: "BACKUP_ENCRYPTION_KEY" } };
  await declareApp(workplace, cluster, { stores, format: "sql", encryption: { openssl } });
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
}

async function bucketOf() {
  bucket = await server.newBucket();
  const secret = { accessKeyId: { file: "./access" }, secretAccessKey: { file: "./secret" } };
  await writeFile(join(workplace.folder, "access"), server.accessKeyId);
  await writeFile(join(workplace.folder, "secret"), server.secretAccessKey);
  return { bucket, prefix: PREFIX.slice(0, -1), endpoint: server.endpoint, credentials: secret };
}

async function keysInBucket(): Promise<readonly string[]> {
  const [listed, uploads] = await Promise.all([
    server.admin.listObjectsV2({ Bucket: bucket }),
    server.admin.listMultipartUploads({ Bucket: bucket }),
  ]);
  const keys = [...(listed.Contents ?? []), ...(uploads.Uploads ?? [])].map(({ Key = "" }) => Key);
  return keys.map((key) => key.slice(PREFIX.length)).filter((key) => !key.startsWith("_dbops/"));
}

/** Ends an apply while its pg_dump stands still in the middle; nothing of a backup is there then. */
async function breakOff(signal: "SIGINT" | "SIGKILL") {
  const lock = await stallDumps(cluster, "app");
  const running = workplace.start(["apply", "p.yaml"], ENV);
  await until(async () => descendantsOf(running.child.pid ?? 0).length > 0);
  running.child.kill(signal);
  const ended = await running.ended;
  await lock.release();
  expect([...(await keysInBucket()), ...(await backupFilesOf(workplace, "dr"))]).toEqual([]);
  return ended;
}

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

/** Where a checksum stands, the file beside it is what it says. */
async function expectChecksums(store: string): Promise<void> {
  const folder = join(workplace.folder, "stores", store);
  for (const key of await backupFilesOf(workplace, store))
    if (key.endsWith(".sha256")) await promisify(execFile)("sha256sum", ["-c", key], { cwd: folder });
}
