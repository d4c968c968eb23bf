import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, pipeline } from "node:stream";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageCipher } from "../../src/adapters/age-cipher/age-cipher.ts";
import { openFileStore } from "../../src/adapters/file-store/file-store.ts";
import { opensslCipher } from "../../src/adapters/openssl-cipher/openssl-cipher.ts";
import { archiveReader } from "../../src/adapters/postgres/archive-reader.ts";
import type { BackupContents } from "../../src/model/archive-contents.ts";
import { sha256 } from "../../src/model/canonical.ts";
import { Secret } from "../../src/model/secret.ts";
import type { BackupSource } from "../../src/observe/backup-source.ts";
import { observeContents } from "../../src/observe/observe-contents.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { HEADER, TRAILER } from "../model/plain-dump/dumped.ts";
import { environment } from "../plan/build.ts";

const never = new AbortController().signal;
const KEY = "the scripts' passphrase";
const NAME = "production_app_20250118_010000";
const HEAD = `${HEADER}-- Dumped from database version 15.18\n-- Dumped by pg_dump version 16.2\n\nSET x = 1;\n`;

let folder: string;
let store: ObjectStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbops-plain-head-"));
  store = await openFileStore(folder, "read-only");
});

afterAll(() => rm(folder, { recursive: true }));

/** Seals a text as the runbook does, with its own programs, and writes the checksum beside it. */
async function put(text: string, digest: (body: Buffer) => string = sha256): Promise<Buffer> {
  const run = promisify(execFile)("sh", ["-c", "gzip -c | openssl enc -AES256 -pass env:KEY 2>/dev/null"], {
    env: { PATH: process.env["PATH"], KEY },
    encoding: "buffer",
    maxBuffer: 64 * 1024 * 1024,
  });
  run.child.stdin?.end(text);
  const { stdout } = await run;
  await writeFile(join(folder, `${NAME}.sql.gz.enc`), stdout);
  await writeFile(join(folder, `${NAME}.sql.gz.enc.sha256`), `${digest(stdout)}  /tmp/${NAME}.sql.gz.enc\n`);
  return stdout;
}

async function look(more: Partial<BackupSource> = {}): Promise<BackupContents | null> {
  const source: BackupSource = {
    environment: environment(),
    store,
    storeName: "primary",
    backup: NAME,
    layout: "classic",
    cipher: ageCipher(),
    classicCipher: opensslCipher(),
    archiveReader: archiveReader(),
    openingKeys: async () => ({ identities: [] }),
    passphrase: async () => new Secret("never asked for"),
    classicPassphrase: async (database) => new Secret(database === "app" ? KEY : ""),
    ...more,
  };
  return observeContents(source, (takenAt) => takenAt <= "2025-01-18T01:00:00.000Z", never);
}

describe("what a file of the runbook says about itself", () => {
  it("is its size, its checksum, and the versions in the head of its dump", async () => {
    const stored = await put(`${HEAD}${TRAILER}`);
    expect(await look()).toEqual({
      state: "plain",
      storedBytes: stored.length,
      sha256: sha256(stored),
      serverVersion: "15.18",
      pgDumpVersion: "16.2",
    });
  });

  it("is told by its beginning: the rest is not read, and may be damaged", async () => {
    const rows = randomBytes(9_000_000).toString("base64");
    const stored = await put(`${HEAD}${rows}`);
    let bytes = 0;
    const read: ObjectStore["read"] = async (key, range, signal) => {
      const through = new PassThrough();
      through.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      return pipeline(await store.read(key, range, signal), through, () => undefined);
    };
    expect(await look({ store: { ...store, read } })).toMatchObject({ state: "plain" });
    expect(stored.length).toBeGreaterThan(8_000_000);
    expect(bytes).toBeLessThan(stored.length / 2);
  });

  it("is not asked for where its name is later than the moment", async () => {
    expect(await look({ backup: "production_app_20250118_010001" })).toBeNull();
  });
});

describe("a file of the runbook that cannot be restored", () => {
  const refusal = async (more: Partial<BackupSource> = {}) => {
    const found = await look(more);
    return found?.state === "unreadable" ? found.problem : found;
  };

  it("says where to look where the passphrase is another one", async () => {
    await put(`${HEAD}${TRAILER}`);
    expect(await refusal({ classicPassphrase: async () => new Secret("another") })).toMatchObject({
      code: "CIPHER_FAILED",
      detail: expect.stringContaining(NAME),
      fix: expect.stringMatching(
        /databases\.app\.backup\.encryption\.openssl in .*\ndbops plan production verify/,
      ),
    });
  });

  it.each([
    ["all databases of a server", "--\n-- PostgreSQL database cluster dump\n--\n\n"],
    ["something else", "SELECT 1;\n"],
    ["nothing", ""],
  ])("says that it is no dump of one database: %s", async (_what, text) => {
    await put(text);
    expect(await refusal()).toMatchObject({
      code: "OBJECT_DAMAGED",
      detail: expect.stringContaining("does not begin as a dump"),
    });
  });

  it("says so where its checksum is none, or is gone", async () => {
    await put(HEAD, () => "none");
    expect(await refusal()).toMatchObject({
      code: "OBJECT_DAMAGED",
      detail: expect.stringContaining(".sha256"),
    });
    await rm(join(folder, `${NAME}.sql.gz.enc.sha256`));
    expect(await refusal()).toMatchObject({ code: "OBJECT_MISSING" });
  });

  it("says so where it is gone", async () => {
    await rm(join(folder, `${NAME}.sql.gz.enc`));
    expect(await refusal()).toMatchObject({
      code: "OBJECT_MISSING",
      detail: expect.stringContaining("primary"),
    });
  });
});
