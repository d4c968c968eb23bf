import { readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, pipeline } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageCipher } from "../../src/adapters/age-cipher/age-cipher.ts";
import { splitIdentities } from "../../src/adapters/age-cipher/identities.ts";
import { openFileStore } from "../../src/adapters/file-store/file-store.ts";
import { opensslCipher } from "../../src/adapters/openssl-cipher/openssl-cipher.ts";
import { archiveReader } from "../../src/adapters/postgres/archive-reader.ts";
import { loadEnvironment } from "../../src/config/load-environments.ts";
import type { BackupContents } from "../../src/model/archive-contents.ts";
import type { Environment } from "../../src/model/environment.ts";
import { folderOf } from "../../src/model/layout.ts";
import type { ObjectRole } from "../../src/model/manifest.ts";
import { Secret } from "../../src/model/secret.ts";
import type { BackupSource } from "../../src/observe/backup-source.ts";
import { observeContents } from "../../src/observe/observe-contents.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { CLASSIC_KEY } from "../support/classic-backup.ts";
import { declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { mustSucceed, type TakenBackup, takeBackup } from "../support/taken-backup.ts";
import { copyWorkplace, makeWorkplace, type Workplace } from "../support/workplace.ts";

const never = new AbortController().signal;

let cluster: Cluster;
let workplace: Workplace;
let backup: TakenBackup;
let environment: Environment;

beforeAll(async () => {
  [cluster, workplace] = await Promise.all([startCluster({ inMemory: true }), makeWorkplace()]);
  await cluster.createDatabase("app");
  await cluster.psql("postgres", `CREATE ROLE "Größe = 'x'"; CREATE ROLE reader;`);
  await cluster.psql("app", TABLES);
  await declareApp(workplace, cluster);
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
  backup = await takeBackup(workplace);
  environment = await loadEnvironment("production", join(workplace.folder, "environments"));
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

/** Some MiB behind a table that is dumped first. */
const TABLES = `
  CREATE SCHEMA "a schema";
  CREATE TABLE "a schema".aaa (id int PRIMARY KEY);
  ALTER TABLE "a schema".aaa OWNER TO reader;
  CREATE TABLE signals AS SELECT g AS id, sha256(g::text::bytea) AS body FROM generate_series(1, 300000) g;`;

/** The backup in the store of a workplace, opened by the keys of a file; `change` what is read otherwise. */
async function sourceIn(place: Workplace, change: Partial<BackupSource> = {}): Promise<BackupSource> {
  const keys = splitIdentities(new Secret(await readFile(place.keyFile, "utf8")));
  return {
    environment,
    store: await openFileStore(join(place.folder, "stores/primary"), "read-only"),
    storeName: "primary",
    backup: backup.manifest.name,
    layout: "directory",
    cipher: ageCipher(),
    classicCipher: opensslCipher(),
    archiveReader: archiveReader(),
    classicPassphrase: async () => new Secret(CLASSIC_KEY),
    openingKeys: async () => ({ identities: keys }),
    passphrase: async () => new Secret("never asked for"),
    ...change,
  };
}

async function look(source: BackupSource): Promise<BackupContents> {
  const found = await observeContents(source, () => true, never);
  if (found === null) throw new Error("it did not fit");
  return found;
}

/** A copy of the workplace, gone after `work`. */
async function inCopy(work: (copy: Workplace) => Promise<void>): Promise<void> {
  const copy = await copyWorkplace(workplace);
  await work(copy).finally(() => copy.remove());
}

function fileOf(place: Workplace, role: ObjectRole): string {
  return backup.path(role).replace(workplace.folder, place.folder);
}

/** Counts what is read from a store. */
function counted(store: ObjectStore): { readonly store: ObjectStore; bytes(): number } {
  let bytes = 0;
  const read: ObjectStore["read"] = async (key, range, signal) => {
    const through = new PassThrough();
    through.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    return pipeline(await store.read(key, range, signal), through, () => undefined);
  };
  return { store: { ...store, read }, bytes: () => bytes };
}

describe("what a backup says about itself", () => {
  it("is its manifest, its detail, its roles and the entries of its archive", async () => {
    const found = await look(await sourceIn(workplace));
    expect(found).toMatchObject({ state: "read", manifest: { name: backup.manifest.name } });
    if (found.state !== "read") throw new Error("it was not read");
    expect(found.detail.tables.map((one) => one.name)).toEqual(["aaa", "signals"]);
    expect(found.detail.properties).toMatchObject({ encoding: "UTF8", connectionLimit: -1 });
    expect(found.roles).toEqual(expect.arrayContaining(["Größe = 'x'", "reader"]));
    const types = found.entries.map((one) => one.type);
    expect(types).toEqual(expect.arrayContaining(["SCHEMA", "TABLE", "TABLE DATA", "CONSTRAINT"]));
    expect(found.entries.find((one) => one.type === "TABLE DATA")?.rest).toContain("a schema aaa reader");
  });

  it("is told by the head of the archive: the rest is not read", async () => {
    const source = await sourceIn(workplace);
    const counting = counted(source.store);
    expect(await look({ ...source, store: counting.store })).toMatchObject({ state: "read" });
    const archive = backup.manifest.objects.find((one) => one.role === "archive")?.bytes ?? 0;
    expect(archive).toBeGreaterThan(8_000_000);
    expect(counting.bytes()).toBeLessThan(archive / 2);
  });

  it("is not asked for where the manifest does not fit", async () => {
    const source = await sourceIn(workplace);
    const counting = counted(source.store);
    expect(await observeContents({ ...source, store: counting.store }, () => false, never)).toBeNull();
    expect(counting.bytes()).toBeLessThan(10_000);
  });
});

describe("a backup that this host cannot open", () => {
  const print = () => backup.manifest.recipients[0]?.slice(0, 19) ?? "";

  it("names who could, where no identity is declared", async () => {
    const source = await sourceIn(workplace, { openingKeys: async () => ({ identities: [] }) });
    expect(await look(source)).toMatchObject({
      state: "sealed",
      manifest: { name: backup.manifest.name },
      problem: {
        code: "IDENTITY_MISSING",
        detail: expect.stringContaining(`any of ${print()} (${workplace.recipient})`),
        fix: expect.stringMatching(/^add identities: .* to .*environments\/production\.yaml$/),
      },
    });
  });

  it("names who could, where the wrong identity is declared, and by the fingerprint alone where the file has another recipient", async () => {
    const other = await makeWorkplace();
    await declareApp(other, cluster);
    const found = await look({
      ...(await sourceIn(workplace)),
      openingKeys: async () => (await sourceIn(other)).openingKeys(),
      environment: await loadEnvironment("production", join(other.folder, "environments")),
    });
    await other.remove();
    expect(found).toMatchObject({
      state: "sealed",
      problem: {
        code: "IDENTITY_MISSING",
        detail: expect.stringMatching(new RegExp(`tried 1 age identity; it opens .* any of ${print()}$`)),
      },
    });
  });
});

describe("a backup that is damaged", () => {
  it.each<ObjectRole>(["detail", "globals", "archive"])("says so where its %s lost its last byte", (role) =>
    inCopy(async (copy) => {
      const file = fileOf(copy, role);
      const { size } = await stat(file);
      await truncate(file, size - 1);
      expect(await look(await sourceIn(copy))).toMatchObject({
        state: "sealed",
        problem: {
          code: "OBJECT_DAMAGED",
          detail: `app/${file.split("/app/")[1]} in store primary has ${size - 1} bytes instead of ${size}`,
        },
      });
    }),
  );

  it("says so where its archive is gone", () =>
    inCopy(async (copy) => {
      await rm(fileOf(copy, "archive"));
      expect(await look(await sourceIn(copy))).toMatchObject({
        state: "sealed",
        problem: { code: "OBJECT_MISSING", detail: expect.stringContaining(".dump.zst.age is not in store") },
      });
    }));

  it("says so where one bit of its detail is another one", () =>
    inCopy(async (copy) => {
      const bytes = await readFile(fileOf(copy, "detail"));
      const last = bytes.length - 20;
      bytes[last] = (bytes[last] ?? 0) ^ 1;
      await writeFile(fileOf(copy, "detail"), bytes);
      expect(await look(await sourceIn(copy))).toMatchObject({
        state: "sealed",
        problem: { code: "CIPHER_FAILED" },
      });
    }));

  it("says so where its globals stand in the place of its detail", () =>
    inCopy(async (copy) => {
      await writeFile(fileOf(copy, "detail"), await readFile(fileOf(copy, "globals")));
      expect(await look(await sourceIn(copy))).toMatchObject({
        state: "sealed",
        problem: { code: "OBJECT_DAMAGED", detail: expect.stringContaining("detail.json.age") },
      });
    }));

  it("is unreadable where its manifest cannot be understood or is gone", () =>
    inCopy(async (copy) => {
      const manifest = join(copy.folder, "stores/primary", folderOf(backup.manifest.name), "manifest.json");
      await writeFile(manifest, "{}");
      expect(await look(await sourceIn(copy))).toMatchObject({
        state: "unreadable",
        problem: { code: "MANIFEST_INVALID", detail: expect.stringContaining("store primary") },
      });
    }));

  it("is unreadable where it is not there", async () => {
    const source = await sourceIn(workplace, { backup: "production_app_20200101_000000" });
    expect(await look(source)).toMatchObject({ state: "unreadable", problem: { code: "OBJECT_MISSING" } });
  });
});
