import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLASSIC_KEY, type ClassicBackup, makeClassicBackup } from "../support/classic-backup.ts";
import { declareApp } from "../support/declared-environment.ts";
import { APPLY, AT_DATA, heldPlace, ruinedPlace, startHeld } from "../support/held-restore.ts";
import { descendantsOf, isAlive } from "../support/processes.ts";
import {
  declaration,
  type Place,
  quoted,
  type RestorableWorld,
  restoredIn,
  SOURCE,
  startRestorableWorld,
} from "../support/restorable-world.ts";
import { expectRestoredOnce, expectUntouched, swapOf } from "../support/restored-once.ts";
import { type S3Server, startMinio } from "../support/s3-servers.ts";
import { filesOf, storeFolder, until } from "../support/store-files.ts";
import { mustSucceed, planProblems, recordsText } from "../support/taken-backup.ts";

const STAMP = "20250118_010000";
const NAME = `production_app_${STAMP}`;
const FILE = `${NAME}.sql.gz.enc`;
const KEY = { BACKUP_ENCRYPTION_KEY: CLASSIC_KEY };
const ENCRYPTION = {
  age: { recipients: ["age1dvcv8up0ytvhz5a6seak7vht05rf6hdvgmmcg7uljxkkxp93evws8e7r8q"] },
  openssl: { passphrase: { env: "BACKUP_ENCRYPTION_KEY" } },
};
const PLAN = ["plan", "production", "restore", "--out", "r.yaml", "--file", FILE];

let world: RestorableWorld;
let server: S3Server;
let folder: string;
let classic: ClassicBackup;

beforeAll(async () => {
  [world, server, folder] = await Promise.all([
    startRestorableWorld(),
    startMinio(),
    mkdtemp(join(tmpdir(), "dbops-classic-")),
  ]);
  classic = await makeClassicBackup(world.cluster, SOURCE, { folder, name: NAME });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await server?.stop();
  await world?.stop();
});

/** Puts the file into a store of a place, whose environment then says what opens it. */
async function giveFile<P extends Place>(place: P, store = "primary", name = NAME): Promise<P> {
  const at = join(storeFolder(place, store), `${name}.sql.gz.enc`);
  await copyFile(classic.file, at);
  await copyFile(classic.digestFile, `${at}.sha256`);
  return place;
}

describe("a file of the runbook", () => {
  it("comes back equal over a ruined database, and its passphrase is nowhere", async () => {
    const place = await giveFile(await ruinedPlace(world, { encryption: ENCRYPTION }));
    const planned = mustSucceed(await place.dbops(PLAN, KEY));
    expect(planned.stdout).toContain(`${NAME} is a plain dump`);
    expect(planned.stdout).toContain("Plan: 3 to add, 2 to change, 0 to destroy.");
    const applied = mustSucceed(await place.dbops(APPLY, KEY));
    await expectRestoredOnce(world, place);
    expect((await filesOf(place, "primary")).filter((file) => file.includes(".hold."))).toEqual([]);
    const plan = await readFile(join(place.folder, "r.yaml"), "utf8");
    const said = [planned, applied].map(({ stdout, stderr }) => stdout + stderr).join("");
    expect([plan, said, await recordsText(place)].join("")).not.toContain(CLASSIC_KEY);
  });

  it("comes back out of a bucket to a server that has lost the database", async () => {
    const place = await world.fresh();
    await declareApp(place, world.cluster, {
      ...declaration(world.cluster),
      database: place.live,
      encryption: ENCRYPTION,
      stores: { primary: await bucketFor(place) },
    });
    mustSucceed(await place.dbops(["init", "stores", "production"]));
    await world.cluster.psql("postgres", `DROP DATABASE ${quoted(place.live)}`);
    const moment = ["plan", "production", "restore", "--at", "2025-01-18T01:00:00Z", "--out", "r.yaml"];
    const planned = mustSucceed(await place.dbops(moment, KEY));
    expect(planned.stdout).toContain(`${world.cluster.superuser} will own ${place.live}`);
    mustSucceed(await place.dbops(["apply", "r.yaml", "--dry-run"], KEY));
    mustSucceed(await place.dbops(APPLY, KEY));
    await expectContent(place.live);
  });
});

/** All but what hangs on the database, its search path among it, by which tables are named here: no plain dump has that. */
async function expectContent(database: string): Promise<void> {
  await world.cluster.psql(
    database,
    `ALTER DATABASE ${quoted(database)} SET search_path = public, "Größe & Maß"`,
  );
  const { checksums, text } = await restoredIn(world.cluster, database);
  expect(checksums).toBe(world.original.checksums);
  expect(text === world.original.text).toBe(true); // megabytes, of which a diff would help nobody
}

/** A bucket with the runbook's file; what the environment says of it. */
async function bucketFor(place: Place) {
  const bucket = await server.newBucket();
  const prefix = "backups/production";
  for (const file of [classic.file, classic.digestFile])
    await server.admin.putObject({
      Bucket: bucket,
      Key: `${prefix}/${file.slice(folder.length + 1)}`,
      Body: await readFile(file),
    });
  await writeFile(join(place.folder, "access"), server.accessKeyId);
  await writeFile(join(place.folder, "secret"), server.secretAccessKey);
  const credentials = { accessKeyId: { file: "./access" }, secretAccessKey: { file: "./secret" } };
  return { s3: { bucket, prefix, region: "us-east-1", endpoint: server.endpoint, credentials } };
}

describe("a restore of the runbook's file that is killed in its load", () => {
  it("leaves nothing behind but its hold, takes psql along, and loads anew", async () => {
    const place = await giveFile(await heldPlace(world, AT_DATA, { encryption: ENCRYPTION }));
    mustSucceed(await place.dbops(PLAN, KEY));
    const running = await startHeld(place, KEY);
    const children = descendantsOf(running.child.pid ?? 0);
    expect(children.some(({ argv }) => argv[0]?.endsWith("/psql"))).toBe(true);
    running.child.kill("SIGKILL");
    await running.ended;
    await until(async () => children.every(({ pid }) => !isAlive(pid)));
    place.letGo("cut");
    const { side } = await swapOf(place);
    expect(await world.cluster.psql(side, "SELECT count(*) FROM pg_class WHERE oid >= 16384")).toBe("0");
    await expectUntouched(world, place);
    const hold = `restore-${side.split("_")[1]}`;
    expect(mustSucceed(await place.dbops(["backups", "production"])).stdout).toContain(`held: ${hold}`);
    expect(mustSucceed(await place.dbops(APPLY, KEY)).stdout).toContain("resumed");
    await expectRestoredOnce(world, place);
    expect((await filesOf(place, "primary")).filter((file) => file.includes(".hold."))).toEqual([]);
  });
});

describe("a file of another environment", () => {
  it("is opened with that one's passphrase, cleaned and checked, under another name", async () => {
    const checks = {
      one: "SELECT count(*) = 1 FROM owned",
      clean: "SELECT to_regclass('public.secret') IS NULL",
    };
    const restore = { sanitize: ["./clean.sql"], checks };
    const place = await world.fresh({ restore });
    await writeFile(join(place.folder, "clean.sql"), "DROP TABLE IF EXISTS secret;\n");
    const staging = { environment: "staging", stores: { dr: "./stores/dr" } };
    await declareApp(place, world.cluster, { ...staging, encryption: ENCRYPTION, database: "elsewhere" });
    mustSucceed(await place.dbops(["init", "stores", "staging"]));
    await giveFile(place, "dr", `staging_app_${STAMP}`);
    const into = `into ${place.live}`.slice(0, 40);
    mustSucceed(
      await place.dbops(
        [
          "plan",
          "production",
          "restore",
          "--from",
          "staging",
          "--at",
          STAMP,
          "--into",
          into,
          "--out",
          "r.yaml",
        ],
        KEY,
      ),
    );
    mustSucceed(await place.dbops(APPLY, KEY));
    await expectContent(into);
  });
});

describe("a file of the runbook that cannot be restored", () => {
  it("is told when it is planned, and no plan is written", async () => {
    const place = await giveFile(await world.fresh());
    const refused = async (more: readonly string[], key: string) => {
      const ran = await place.dbops([...PLAN, "--json", ...more], { BACKUP_ENCRYPTION_KEY: key });
      return { code: ran.code, problems: planProblems(ran).map((one) => one.code) };
    };
    expect(await refused([], CLASSIC_KEY)).toEqual({ code: 1, problems: ["SECRET_UNAVAILABLE"] });
    await declareApp(place, world.cluster, {
      ...declaration(world.cluster),
      database: place.live,
      encryption: ENCRYPTION,
    });
    expect(await refused([], "another one")).toEqual({ code: 1, problems: ["CIPHER_FAILED"] });
    expect(await refused(["--tolerate", "1 2 TABLE public t app"], CLASSIC_KEY)).toMatchObject({
      problems: ["SCHEMA_MISMATCH", "USAGE"],
    });
    expect(existsSync(join(place.folder, "r.yaml"))).toBe(false);
    await rm(join(storeFolder(place, "primary"), `${FILE}.sha256`));
    expect(await place.dbops(PLAN, KEY)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("its checksum"),
    });
  });

  it("is refused when it was replaced since, and nothing is loaded", async () => {
    const place = await giveFile(await ruinedPlace(world, { encryption: ENCRYPTION }));
    mustSucceed(await place.dbops(PLAN, KEY));
    await writeFile(join(storeFolder(place, "primary"), FILE), "another one");
    const ran = await place.dbops(APPLY, KEY);
    expect(ran).toMatchObject({ code: 4, stderr: expect.stringContaining("is not the one that the plan") });
    expect(ran.stderr).toContain(`--file ${FILE}`);
    await expectUntouched(world, place);
  });
});
