import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { opensslCipher } from "../../src/adapters/openssl-cipher/openssl-cipher.ts";
import { Secret } from "../../src/model/secret.ts";
import { openClassic, parseDigest } from "../../src/ports/open-classic.ts";
import { bytesOf, collect, failingAfter, inPieces } from "./stream/flow.ts";

const cipher = opensslCipher();
const run = promisify(execFile);
const FAILURE = new Error("upstream failed");
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbops-classic-"));
});

afterAll(() => rm(folder, { recursive: true }));

function opened(file: Buffer, words = "the key", sizes?: readonly number[]): Promise<Buffer> {
  return collect(openClassic(inPieces(file, sizes), { cipher, passphrase: new Secret(words) }));
}

function sealed(content: Buffer, words = "the key"): Promise<Buffer> {
  return collect(cipher.encrypt(inPieces(content), new Secret(words)));
}

describe("a .sql.gz.enc file", () => {
  it("as the runbook's gzip and openssl make it is opened", async () => {
    const plain = join(folder, "a.sql");
    await writeFile(plain, bytesOf(200_000));
    const command = 'gzip -c "$0" | openssl enc -AES256 -k "the key" 2>/dev/null';
    const { stdout } = await run("sh", ["-c", command, plain], { encoding: "buffer", maxBuffer: 1e7 });
    expect((await opened(stdout)).equals(bytesOf(200_000))).toBe(true);
    expect((await opened(stdout, "the key", [1, 15, 3, 1000])).equals(bytesOf(200_000))).toBe(true);
  });

  it("tells another passphrase at its first bytes, whatever the padding looks like", async () => {
    const file = await sealed(gzipSync(bytesOf(5000)));
    for (let n = 0; n < 100; n += 1)
      await expect(opened(file, `wrong ${n}`)).rejects.toMatchObject({
        problems: [{ code: "CIPHER_FAILED" }],
      });
  });

  it("is refused when it was cut, at any byte", async () => {
    const file = await sealed(gzipSync(bytesOf(100)));
    for (let length = 0; length < file.length; length += 1)
      await expect(opened(file.subarray(0, length))).rejects.toMatchObject({
        problems: [{ code: expect.stringMatching(/^(CIPHER_FAILED|OBJECT_DAMAGED)$/) }],
      });
  });

  it("is damaged, and not of another passphrase, when it was cut behind a beginning that is gzip", async () => {
    const file = await sealed(gzipSync(bytesOf(100_000)));
    for (const length of [33, 48, 64, 70_000, 80_000, file.length - 16, file.length - 1])
      await expect(opened(file.subarray(0, length), "the key", [1000])).rejects.toMatchObject({
        problems: [{ code: "OBJECT_DAMAGED", detail: expect.stringMatching(/cut off/), final: true }],
      });
  });

  it("is truncated where the gzip in it is", async () => {
    const file = await sealed(gzipSync(bytesOf(5000)).subarray(0, 3000));
    await expect(opened(file)).rejects.toMatchObject({
      problems: [{ code: "OBJECT_DAMAGED", detail: expect.stringContaining("truncated") }],
    });
  });

  it("passes on the failure of the store as it is", async () => {
    const file = await sealed(gzipSync(bytesOf(50_000)));
    const body = failingAfter(file.subarray(0, 40_000), FAILURE);
    const passphrase = new Secret("the key");
    await expect(collect(openClassic(body, { cipher, passphrase }))).rejects.toBe(FAILURE);
  });
});

describe("the digest of a .sha256 file", () => {
  it("is read from what sha256sum writes, whatever path stands there", async () => {
    for (const name of ["a b.enc", "back\\slash", "new\nline", "*star"]) {
      const file = join(folder, name);
      await writeFile(file, "x");
      for (const mode of ["--text", "--binary"]) {
        const { stdout } = await run("sha256sum", [mode, file]);
        expect(parseDigest(stdout)).toBe("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
      }
    }
  });

  it("may stand alone, in capitals, with a Windows line end", () => {
    expect(parseDigest(`${"AB".repeat(32)}\r\n`)).toBe("ab".repeat(32));
  });

  it("is none in anything else", () => {
    const digest = "ab".repeat(32);
    for (const text of [
      "",
      "x",
      digest.slice(1),
      `${digest}00`,
      `${digest}  a\n${digest}  b\n`,
      `x ${digest}`,
    ])
      expect(parseDigest(text)).toBeNull();
  });
});
