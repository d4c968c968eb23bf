import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import {
  backupFilesOf,
  mustSucceed,
  newestBackup,
  planBackup,
  recordsText,
  sha256Of,
  type TakenBackup,
} from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

/** Stands in a subscription's connection, in a user mapping, and in a row. */
const SECRETS = ["subscription-secret", "mapping-secret", "row-secret"];
const CLOCK = `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
let cluster: Cluster;
let workplace: Workplace;

beforeAll(async () => {
  [cluster, workplace] = await Promise.all([startCluster({ inMemory: true }), makeWorkplace()]);
  await cluster.createDatabase("app");
  await cluster.psql("app", await readFile("test/support/hard-schema.sql", "utf8"));
  await cluster.psql(
    "app",
    `CREATE SUBSCRIPTION feed CONNECTION 'host=db.invalid password=subscription-secret' PUBLICATION p
       WITH (connect = false, slot_name = NONE);
     CREATE EXTENSION postgres_fdw;
     CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'db.invalid');
     CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (user 'u', password 'mapping-secret');
     CREATE FOREIGN TABLE far (id int) SERVER elsewhere;
     CREATE TABLE rows (body text);
     INSERT INTO rows VALUES ('row-secret');`,
  );
  await cluster.createRole("reader", "IN ROLE pg_read_all_data BYPASSRLS");
  await cluster.psql("app", "GRANT SELECT ON LARGE OBJECT 50001, 50002 TO reader");
  await declareApp(workplace, cluster);
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

/** The plain bytes of an object, by age and zstd alone. */
function opened({ folder, manifest }: TakenBackup, key: string, keyFile: string): Buffer {
  const age = manifest.encryption === "none" ? `cat ${key}` : `age -d -i '${keyFile}' ${key}`;
  const command = key.includes(".zst") ? `${age} | zstd -d` : age;
  return execFileSync("bash", ["-c", `set -o pipefail; ${command}`], { cwd: folder, maxBuffer: 2 ** 28 });
}

describe("the manifest of a backup", () => {
  let backup: TakenBackup;
  let during: readonly [string, string];
  let planDigest: string;
  let otherKey: string;

  beforeAll(async () => {
    const other = await makeWorkplace();
    otherKey = other.keyFile;
    const recipients = [workplace.recipient, other.recipient];
    await declareApp(workplace, cluster, { encryption: { age: { recipients } } });
    const plan = await planBackup(workplace, ["--label", "before the great move", "--hold"]);
    planDigest =
      /^plan: "?([0-9a-f]{64})/m.exec(await readFile(join(workplace.folder, plan), "utf8"))?.[1] ?? "";
    const began = await cluster.psql("app", CLOCK);
    mustSucceed(await workplace.dbops(["apply", plan]));
    during = [began, await cluster.psql("app", CLOCK)];
    backup = await newestBackup(workplace);
    return () => other.remove();
  });

  it("has bytes and SHA-256 of each object as it is stored and as it was before, for each recipient alone", async () => {
    const { manifest, folder } = backup;
    expect(manifest.objects.map((object) => object.role).toSorted()).toEqual([
      "archive",
      "detail",
      "globals",
      "restore-guide",
    ]);
    for (const { key, bytes, sha256, plaintextBytes, plaintextSha256, role } of manifest.objects) {
      const stored = await readFile(join(folder, key));
      expect([key, stored.length, sha256Of(stored)]).toEqual([key, bytes, sha256]);
      for (const keyFile of [workplace.keyFile, otherKey]) {
        const plain = role === "restore-guide" ? stored : opened(backup, key, keyFile);
        expect([key, plain.length, sha256Of(plain)]).toEqual([key, plaintextBytes, plaintextSha256]);
      }
    }
  });

  it("is dated within the dump, and names the backup by the next second", () => {
    const { snapshotAt, name } = backup.manifest;
    expect(snapshotAt).toMatch(/\.\d{6}Z$/);
    expect([during[0], snapshotAt, during[1]]).toEqual([during[0], snapshotAt, during[1]].toSorted());
    const next = new Date(Math.floor(Date.parse(snapshotAt) / 1000) * 1000 + 1000).toISOString();
    expect(name).toBe(`production_app_${next.slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "_")}`);
  });

  it("knows server, tools, recipients, revision, label, hold and plan", async () => {
    const version = await cluster.psql("app", "SHOW server_version");
    const files = await backupFilesOf(workplace);
    expect(files.filter((key) => key.includes("/hold/"))).toHaveLength(1);
    const fingerprints = (await recipientsIn(backup)).map((one) => `sha256:${sha256Of(Buffer.from(one))}`);
    expect(backup.manifest).toMatchObject({
      formatVersion: 1,
      environment: "production",
      database: "app",
      origin: "forced",
      label: "before the great move",
      encryption: "age",
      compression: { zstd: 1 },
      recipients: fingerprints.toSorted(),
      server: { version: version.split(" ")[0] },
      tools: { pgDump: `pg_dump (PostgreSQL) ${version.split(" ")[0]}` },
      schemaRevision: "a1b2c3d4e5f6",
      plan: planDigest,
    });
  });

  async function recipientsIn(one: TakenBackup): Promise<readonly string[]> {
    const header = (await readFile(one.path("archive"))).subarray(0, 1000).toString("latin1");
    expect(header.match(/^-> X25519 /gm)).toHaveLength(2);
    const text = await readFile(join(workplace.folder, "environments/production.yaml"), "utf8");
    return [...text.matchAll(/age1[0-9a-z]{58}/g)].map(([recipient]) => recipient);
  }
});

describe("the detail of a backup", () => {
  async function detailBy(user: string) {
    await declareApp(workplace, cluster, { user });
    mustSucceed(await workplace.dbops(["apply", await planBackup(workplace)]));
    const backup = await newestBackup(workplace);
    const text = opened(backup, backup.path("detail"), workplace.keyFile).toString();
    for (const secret of SECRETS) expect(text).not.toContain(secret);
    return JSON.parse(text);
  }

  it("lists tables, extensions, what is not in the archive and what pg_dump warned of", async () => {
    const detail = await detailBy("reader");
    expect(detail.tables).toContainEqual(
      expect.objectContaining({ schema: "Größe & Maß", name: `Tabelle mit "Namen" = 'x'`, kind: "table" }),
    );
    expect(detail.extensions.map((one: { name: string }) => one.name)).toEqual([
      "citext",
      "hstore",
      "pg_trgm",
      "plpgsql",
      "postgres_fdw",
    ]);
    expect(detail.largeObjects).toBe(3);
    expect(detail.database).toMatchObject({
      name: "app",
      comment: "everything that's hard",
      settings: [{ role: null, settings: ["work_mem=8MB"] }],
    });
    const omitted = detail.omissions.map((one: { kind: string; names: string[] }) => [
      one.kind,
      ...one.names,
    ]);
    expect(omitted).toEqual([
      ["role-passwords"],
      ["user-mapping-options", "elsewhere for public"],
      ["subscriptions", "feed"],
      ["foreign-table-contents", "public.far"],
    ]);
    expect(detail.warnings).toEqual([
      "pg_dump: warning: subscriptions not dumped because current user is not a superuser",
    ]);
  });

  it("says less is missing when a superuser dumped", async () => {
    const detail = await detailBy("postgres");
    expect(detail.omissions.map((one: { kind: string }) => one.kind)).toEqual([
      "role-passwords",
      "foreign-table-contents",
    ]);
  });
});

describe("a backup without encryption", () => {
  it("is looked into deep on a host that has no identity, and its names say what it is", async () => {
    await declareApp(workplace, cluster, { encryption: "none" });
    mustSucceed(await workplace.dbops(["apply", await planBackup(workplace, ["--deep"])]));
    const { manifest } = await newestBackup(workplace);
    expect([manifest.encryption, manifest.recipients]).toEqual(["none", []]);
    expect(manifest.objects.map((object) => object.key.replace(manifest.name, ""))).toEqual([
      ".detail.json",
      ".dump.zst",
      ".globals.sql.zst",
      "RESTORE.md",
    ]);
  });
});

describe("what stands in a store beside the encrypted objects", () => {
  it("has no secret of subscriptions and user mappings, no row and no name from inside the database", async () => {
    await declareApp(workplace, cluster);
    mustSucceed(await workplace.dbops(["apply", await planBackup(workplace)]));
    const backup = await newestBackup(workplace);
    const archive = opened(backup, backup.path("archive"), workplace.keyFile).toString("latin1");
    for (const secret of SECRETS) expect(archive).toContain(secret); // a superuser's archive has them: they could leak
    const files = await readdir(backup.folder, { recursive: true, withFileTypes: true });
    const stored = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    const texts = await Promise.all(stored.map((file) => readFile(file, "latin1")));
    const visible = [...texts, await recordsText(workplace)].join("\n");
    expect(visible).toContain("# How to restore");
    for (const inside of [...SECRETS, cluster.password, "db.invalid", "alembic_version", "elsewhere", "feed"])
      expect(visible).not.toContain(inside);
  });
});
