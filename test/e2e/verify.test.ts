import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../src/model/manifest.ts";
import { type ProblemCode, SUMMARIES } from "../../src/problems/problem.ts";
import { declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import {
  backupFilesOf,
  failureOf,
  filesOf,
  mustSucceed,
  newestBackup,
  planBackup,
  sha256Of,
  type TakenBackup,
} from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

let cluster: Cluster;
let workplace: Workplace;
let backup: TakenBackup;

beforeAll(async () => {
  [cluster, workplace] = await Promise.all([startCluster({ inMemory: true }), makeWorkplace()]);
  await cluster.createDatabase("app");
  await cluster.psql("app", "CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 5000) AS i");
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

/** What can happen to a backup in a store; `code` is what a reader of its stored bytes must find. */
interface Damage {
  readonly name: string;
  readonly files: (backup: TakenBackup) => readonly string[];
  readonly does: (backup: TakenBackup) => Promise<unknown>;
  readonly code: ProblemCode;
  readonly says: RegExp;
}

const manifestOf = (one: TakenBackup): string => join(one.folder, "manifest.json");

const DAMAGES: readonly Damage[] = [
  {
    name: "one bit of the archive flipped",
    files: (one) => [one.path("archive")],
    does: (one) => change(one.path("archive"), (bytes) => bytes.fill(bytes.readUInt8(5000) ^ 1, 5000, 5001)),
    code: "OBJECT_DAMAGED",
    says: /\.dump\.zst\.age/,
  },
  {
    name: "the last byte of the globals gone",
    files: (one) => [one.path("globals")],
    does: (one) => change(one.path("globals"), (bytes) => bytes.subarray(0, -1)),
    code: "OBJECT_DAMAGED",
    says: /\.globals\.sql\.zst\.age/,
  },
  {
    name: "a byte behind the end of the detail",
    files: (one) => [one.path("detail")],
    does: (one) => change(one.path("detail"), (bytes) => Buffer.concat([bytes, Buffer.from("x")])),
    code: "OBJECT_DAMAGED",
    says: /\.detail\.json\.age/,
  },
  {
    name: "two objects swapped",
    files: (one) => [one.path("globals"), one.path("detail")],
    does: async (one) => {
      await rename(one.path("globals"), `${one.folder}/held`);
      await rename(one.path("detail"), one.path("globals"));
      await rename(`${one.folder}/held`, one.path("detail"));
    },
    code: "OBJECT_DAMAGED",
    says: /\.detail\.json\.age/,
  },
  {
    name: "the archive gone",
    files: (one) => [one.path("archive")],
    does: (one) => rm(one.path("archive")),
    code: "OBJECT_MISSING",
    says: /\.dump\.zst\.age/,
  },
  {
    name: "another command in RESTORE.md",
    files: (one) => [one.path("restore-guide")],
    does: (one) =>
      change(one.path("restore-guide"), (bytes) => Buffer.from(`${bytes}`.replace("zstd", "curl"))),
    code: "OBJECT_DAMAGED",
    says: /RESTORE\.md/,
  },
  {
    name: "another checksum in the manifest",
    files: (one) => [manifestOf(one)],
    does: (one) => editManifest(one, (object) => ({ ...object, sha256: "0".repeat(64) })),
    code: "OBJECT_DAMAGED",
    says: /\.dump\.zst\.age/,
  },
  {
    name: "a manifest without the archive",
    files: (one) => [manifestOf(one)],
    does: (one) => editManifest(one, () => null),
    code: "MANIFEST_INVALID",
    says: /manifest\.json/,
  },
  {
    name: "half a manifest",
    files: (one) => [manifestOf(one)],
    does: (one) => change(manifestOf(one), (bytes) => bytes.subarray(0, bytes.length / 2)),
    code: "MANIFEST_INVALID",
    says: /manifest\.json/,
  },
  {
    name: "the manifest gone",
    files: (one) => [manifestOf(one)],
    does: (one) => rm(manifestOf(one)),
    code: "OBJECT_MISSING",
    says: /manifest\.json/,
  },
];

async function change(path: string, how: (bytes: Buffer) => Buffer): Promise<void> {
  await writeFile(path, how(await readFile(path)));
}

type Listed = Manifest["objects"][number];

async function editManifest(one: TakenBackup, how: (archive: Listed) => Listed | null): Promise<void> {
  const objects = one.manifest.objects.flatMap((object) =>
    object.role === "archive" ? (how(object) ?? []) : object,
  );
  await writeFile(manifestOf(one), `${JSON.stringify({ ...one.manifest, objects }, null, 2)}\n`);
}

/** Damages the backup while something runs, then puts every byte back. */
async function whileDamaged<T>({ files, does }: Damage, runs: () => Promise<T>): Promise<T> {
  const kept = await Promise.all(files(backup).map(async (file) => ({ file, bytes: await readFile(file) })));
  await does(backup);
  try {
    return await runs();
  } finally {
    for (const { file, bytes } of kept) await writeFile(file, bytes);
  }
}

describe("the verify of a backup", () => {
  let plan: string;
  const verify = () => workplace.dbops(["apply", plan, "--json"]);

  beforeAll(async () => {
    await declareApp(workplace, cluster);
    mustSucceed(await workplace.dbops(["init", "stores", "production"]));
    plan = await planBackup(workplace, ["--deep"]);
  });

  it("looks deep only where an identity is at hand, and leaves the backup as it is", async () => {
    const ran = await verify();
    expect([ran.code, failureOf(ran, "app.upload"), failureOf(ran, "app.verify")]).toMatchObject([
      1,
      undefined,
      { code: "IDENTITY_MISSING", fix: expect.stringContaining("identities: [{ file: … }]") },
    ]);
    backup = await newestBackup(workplace);
  });

  it("says so when the identity is not one of the recipients'", async () => {
    const other = await makeWorkplace();
    await declareApp(workplace, cluster, { identities: [{ file: other.keyFile }] });
    const ran = await verify();
    const detail = `${basename(backup.path("detail"))}: it is encrypted for 1 × X25519; tried 1 age identity`;
    expect([ran.code, failureOf(ran, "app.verify")]).toMatchObject([1, { code: "IDENTITY_MISSING", detail }]);
    await other.remove();
  });

  it("says so when the file with the identity is gone", async () => {
    await declareApp(workplace, cluster, { identities: [{ file: "./gone.key" }] });
    const ran = await verify();
    expect([ran.code, failureOf(ran, "app.verify")]).toMatchObject([
      1,
      { code: "SECRET_UNAVAILABLE", detail: expect.stringContaining("gone.key") },
    ]);
    await declareApp(workplace, cluster, { identities: [{ file: "./age.key" }] });
  });

  it.each(DAMAGES)("finds $name", async (damage) => {
    const ran = await whileDamaged(damage, verify);
    const failure = failureOf(ran, "app.verify");
    expect([ran.code, failure?.code]).toEqual([1, damage.code]);
    expect(failure?.detail).toMatch(damage.says);
    expect(failure?.fix).toBeTruthy();
  });

  it("finds a manifest that lies about the content, when it looks deep", async () => {
    const lie: Damage = {
      ...(DAMAGES[0] ?? expect.unreachable()),
      files: (one) => [manifestOf(one)],
      does: (one) => editManifest(one, (object) => ({ ...object, plaintextSha256: "0".repeat(64) })),
    };
    const ran = await whileDamaged(lie, verify);
    expect([ran.code, failureOf(ran, "app.verify")]).toMatchObject([
      1,
      { code: "OBJECT_DAMAGED", detail: expect.stringContaining("is not what was dumped") },
    ]);
  });

  it("finds an archive that was changed together with its manifest, when it looks deep", async () => {
    const [flipped = expect.unreachable()] = DAMAGES;
    const forged: Damage = {
      ...flipped,
      files: (one) => [manifestOf(one), one.path("archive")],
      does: async (one) => {
        await flipped.does(one);
        const sha256 = sha256Of(await readFile(one.path("archive")));
        await editManifest(one, (object) => ({ ...object, sha256 }));
      },
    };
    const ran = await whileDamaged(forged, verify);
    expect([ran.code, failureOf(ran, "app.verify")]).toMatchObject([
      1,
      { code: "CIPHER_FAILED", detail: expect.stringContaining(basename(backup.path("archive"))) },
    ]);
  });

  it("finds the same backup whole when every byte is back, and counts the archive's entries", async () => {
    mustSucceed(await verify());
    const { stdout } = mustSucceed(await workplace.dbops(["audit", "show", "production", "--json"]));
    expect(stdout).toMatch(/"entries": [1-9]/);
  });
});

describe("a copy", () => {
  beforeAll(async () => {
    await declareApp(workplace, cluster);
    mustSucceed(await workplace.dbops(["plan", "production", "--out", "due.yaml"]));
    mustSucceed(await workplace.dbops(["apply", "due.yaml"]));
    backup = await newestBackup(workplace);
    await declareApp(workplace, cluster, { stores: { primary: "./stores/primary", dr: "./stores/dr" } });
    mustSucceed(await workplace.dbops(["init", "stores", "production"]));
    mustSucceed(await workplace.dbops(["plan", "production", "--out", "copy.yaml"]));
  });

  it.each(DAMAGES)("brings nothing of a backup that has $name", async (damage) => {
    const ran = await whileDamaged(damage, () => workplace.dbops(["apply", "copy.yaml"]));
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringMatching(damage.says)]);
    expect(ran.stderr).toContain(`error: ${SUMMARIES[damage.code]}`);
    expect(ran.stderr).toMatch(/^hint: ./m);
    const { name } = backup.manifest;
    expect((await filesOf(workplace, "dr")).filter((key) => key.includes(name.slice(-15)))).toEqual([]);
  });

  it("is the same, byte for byte, when the backup is whole", async () => {
    mustSucceed(await workplace.dbops(["apply", "copy.yaml"]));
    const keys = await backupFilesOf(workplace, "primary");
    expect(await backupFilesOf(workplace, "dr")).toEqual(keys);
    expect(keys).toHaveLength(12);
    const read = (store: string, key: string) => readFile(join(workplace.folder, "stores", store, key));
    for (const key of keys)
      expect(sha256Of(await read("dr", key))).toBe(sha256Of(await read("primary", key)));
  });
});
