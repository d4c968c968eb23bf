import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLASSIC_KEY, type ClassicBackup, makeClassicBackup } from "../support/classic-backup.ts";
import { declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { failureOf, mustSucceed, planProblems } from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

const NAME = "production_app_20250118_010000";
const STEP = "app.verify.primary.20250118_010000.classic";

let cluster: Cluster;
let workplace: Workplace;
let backup: ClassicBackup;
let kept: readonly [Buffer, Buffer];
let plans = 0;

beforeAll(async () => {
  [cluster, workplace] = await Promise.all([startCluster({ inMemory: true }), makeWorkplace()]);
  await cluster.createDatabase("app");
  await cluster.psql("app", "CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 20000) AS i");
  await declare({ env: "BACKUP_ENCRYPTION_KEY" });
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
  backup = await make();
  kept = [await readFile(backup.file), await readFile(backup.digestFile)];
});

beforeEach(async () => {
  await writeFile(backup.file, kept[0]);
  await writeFile(backup.digestFile, kept[1]);
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

function make(filter?: string): Promise<ClassicBackup> {
  const folder = join(workplace.folder, "stores", "primary");
  return makeClassicBackup(cluster, "app", {
    folder,
    name: NAME,
    ...(filter === undefined ? {} : { filter }),
  });
}

function declare(passphrase: { readonly env: string } | null): Promise<void> {
  const age = { recipients: [workplace.recipient] };
  return declareApp(workplace, cluster, {
    encryption: passphrase === null ? { age } : { age, openssl: { passphrase } },
  });
}

async function verified(more: readonly string[], key = CLASSIC_KEY) {
  const plan = `verify-${++plans}.yaml`;
  const env = { BACKUP_ENCRYPTION_KEY: key };
  mustSucceed(await workplace.dbops(["plan", "production", "verify", NAME, "--out", plan, ...more], env));
  return workplace.dbops(["apply", plan, "--json"], env);
}

describe("the verify of a runbook's file", () => {
  it("compares its bytes with its checksum, without a passphrase", async () => {
    await declare(null);
    mustSucceed(await verified([]));
    await declare({ env: "BACKUP_ENCRYPTION_KEY" });
  });

  it("is what a verify of the newest takes where no other is there", async () => {
    mustSucceed(await workplace.dbops(["plan", "production", "verify", "--out", "newest.yaml"]));
    expect(await readFile(join(workplace.folder, "newest.yaml"), "utf8")).toContain(`id: ${STEP}`);
    mustSucceed(await workplace.dbops(["apply", "newest.yaml"]));
  });

  it("reads the dump to its trailer when it looks deep, and tells what is in it", async () => {
    mustSucceed(await verified(["--deep"]));
    const { stdout } = mustSucceed(await workplace.dbops(["audit", "show", "production", "--json"]));
    expect(stdout).toMatch(/"madeBy": "\d+\.\d+"/);
    expect(stdout).toContain('"tables": 1');
    expect(stdout).not.toContain(CLASSIC_KEY);
  });

  it("finds a flipped bit by the checksum", async () => {
    const bytes = Buffer.from(kept[0]);
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
    await writeFile(backup.file, bytes);
    const ran = await verified([]);
    expect([ran.code, failureOf(ran, STEP)]).toMatchObject([
      1,
      { code: "OBJECT_DAMAGED", detail: expect.stringContaining("SHA-256") },
    ]);
  });

  it("calls a dump truncated that the scripts sealed without an error", async () => {
    await make("head -c 400000");
    const shallow = await verified([]);
    expect(shallow.code).toBe(0);
    const ran = await verified(["--deep"]);
    expect([ran.code, failureOf(ran, STEP)]).toMatchObject([
      1,
      {
        code: "OBJECT_DAMAGED",
        detail: expect.stringMatching(
          new RegExp(`^${NAME}\\.sql\\.gz\\.enc: the dump is truncated: .* inside the data of public\\.t$`),
        ),
      },
    ]);
  });

  it("says of a whole dump that no restore of dbops runs it", async () => {
    await make("sed 's/_strings = on/_strings = off/'");
    const ran = await verified(["--deep"]);
    expect([ran.code, failureOf(ran, STEP)]).toMatchObject([
      1,
      {
        code: "LOAD_FAILED",
        detail: expect.stringContaining("the dump is whole, but holds SET standard_conforming_strings = off"),
      },
    ]);
  });

  it("says that the passphrase is another one", async () => {
    const ran = await verified(["--deep"], "another one");
    expect([ran.code, failureOf(ran, STEP)]).toMatchObject([1, { code: "CIPHER_FAILED" }]);
  });

  it("says where to name the passphrase", async () => {
    await declare(null);
    const ran = await verified(["--deep"]);
    expect([ran.code, failureOf(ran, STEP)]).toMatchObject([
      1,
      { code: "SECRET_UNAVAILABLE", fix: expect.stringContaining("openssl: { passphrase:") },
    ]);
    await declare({ env: "BACKUP_ENCRYPTION_KEY" });
  });

  it("needs --deep where no checksum is there", async () => {
    await rm(backup.digestFile);
    const ran = await workplace.dbops(["plan", "production", "verify", NAME, "--json"]);
    expect([ran.code, planProblems(ran)]).toMatchObject([
      1,
      [{ code: "BACKUP_INCOMPLETE", fix: `dbops plan production verify ${NAME} --deep` }],
    ]);
    mustSucceed(await verified(["--deep"]));
  });

  it("refuses a checksum file that holds none", async () => {
    await writeFile(backup.digestFile, "");
    const ran = await verified([]);
    expect([ran.code, failureOf(ran, STEP)]).toMatchObject([1, { code: "OBJECT_DAMAGED" }]);
  });
});
