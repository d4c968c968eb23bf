import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Decrypter,
  Encrypter,
  generateHybridIdentity,
  generateIdentity,
  identityToRecipient,
} from "age-encryption";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageCipher } from "../../src/adapters/age-cipher/age-cipher.ts";
import { Secret } from "../../src/model/secret.ts";
import {
  bytesOf,
  closed,
  collect,
  failingAfter,
  inPieces,
  stallingAfter,
  through,
} from "../ports/stream/flow.ts";

const cipher = ageCipher();
const SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, 1_048_575, 1_048_576, 1_048_577, 5_242_880];
const FAILURE = new Error("upstream failed");

let folder = "";
let identity = "";
let recipient = "";
let other = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbops-age-"));
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  other = await generateIdentity();
  await writeFile(join(folder, "key"), `# a comment\n${identity}\n`, { mode: 0o600 });
  await writeFile(join(folder, "other"), `${other}\n`, { mode: 0o600 });
});

afterAll(() => rm(folder, { recursive: true }));

function encrypted(content: Buffer, recipients = [recipient]): Promise<Buffer> {
  return collect(cipher.encrypt(inPieces(content), { recipients }));
}

function decrypted(file: Buffer, sizes?: readonly number[]): Promise<Buffer> {
  return collect(cipher.decrypt(inPieces(file, sizes), { identities: [new Secret(identity)] }));
}

describe("what it encrypts", () => {
  it.each(SIZES)("is opened by age itself, for %i bytes", async (length) => {
    const file = await encrypted(bytesOf(length));
    const plain = await through("age", ["-d", "-i", join(folder, "key")], file);
    expect(plain.equals(bytesOf(length))).toBe(true);
  });

  it("is opened by each of several recipients", async () => {
    const file = await encrypted(bytesOf(100_000), [recipient, await identityToRecipient(other)]);
    for (const key of ["key", "other"]) {
      const plain = await through("age", ["-d", "-i", join(folder, key)], file);
      expect(plain.equals(bytesOf(100_000))).toBe(true);
    }
  });

  it("is opened with the passphrase by another implementation", async () => {
    const file = await collect(
      cipher.encrypt(inPieces(bytesOf(70_000)), { passphrase: new Secret("söme words") }),
    );
    const decrypter = new Decrypter();
    decrypter.addPassphrase("söme words");
    expect(Buffer.from(await decrypter.decrypt(file)).equals(bytesOf(70_000))).toBe(true);
  });

  it("is opened with the passphrase by age itself, which asks for it at a terminal", async () => {
    const file = await collect(
      cipher.encrypt(inPieces(bytesOf(70_000)), { passphrase: new Secret("some words") }),
    );
    await writeFile(join(folder, "by-passphrase.age"), file);
    await atTerminal("age -d -o plain by-passphrase.age", "some words");
    const plain = await through("cat", [join(folder, "plain")], Buffer.alloc(0));
    expect(plain.equals(bytesOf(70_000))).toBe(true);
  });

  it("is a different file each time", async () => {
    expect((await encrypted(bytesOf(10))).equals(await encrypted(bytesOf(10)))).toBe(false);
  });

  it("does not depend on the pieces of its input", async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 140_000 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 300_000 }), sizes, sizes, async (length, one, two) => {
        const body = inPieces(bytesOf(length), [...one, 65_536]);
        const file = await collect(cipher.encrypt(body, { recipients: [recipient] }));
        const plain = await decrypted(file, [...two, 65_552]);
        expect(plain.equals(bytesOf(length))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("is never whole when its input fails", async () => {
    for (const content of [bytesOf(0), bytesOf(200_000)]) {
      const result = cipher.encrypt(failingAfter(content, FAILURE), { recipients: [recipient] });
      await expect(collect(result)).rejects.toBe(FAILURE);
    }
  });
});

describe("what it decrypts", () => {
  it.each(SIZES)("is what age itself encrypted, for %i bytes", async (length) => {
    const file = await through("age", ["-r", recipient], bytesOf(length));
    expect((await decrypted(file)).equals(bytesOf(length))).toBe(true);
  });

  it("is what another implementation encrypted with a passphrase", async () => {
    const encrypter = new Encrypter();
    encrypter.setPassphrase("some words");
    encrypter.setScryptWorkFactor(10);
    const file = Buffer.from(await encrypter.encrypt(bytesOf(70_000)));
    const keys = { identities: [], passphrase: new Secret("some words") };
    expect((await collect(cipher.decrypt(inPieces(file), keys))).equals(bytesOf(70_000))).toBe(true);
  });

  it("is what age itself encrypted with a passphrase that it asked for", async () => {
    await writeFile(join(folder, "plain-input"), bytesOf(70_000));
    await atTerminal("age -p -o asked.age plain-input", "some words", "some words");
    const file = await through("cat", [join(folder, "asked.age")], Buffer.alloc(0));
    const keys = { identities: [new Secret(identity)], passphrase: new Secret("some words") };
    expect((await collect(cipher.decrypt(inPieces(file), keys))).equals(bytesOf(70_000))).toBe(true);
  });

  it("may come in single bytes", async () => {
    const file = await encrypted(bytesOf(500));
    expect((await decrypted(file, [1])).equals(bytesOf(500))).toBe(true);
  });

  it("needs one fitting identity among others, an unreadable one included", async () => {
    const identities = [new Secret("no key at all"), new Secret(other), new Secret(identity)];
    const plain = await collect(cipher.decrypt(inPieces(await encrypted(bytesOf(9))), { identities }));
    expect(plain.equals(bytesOf(9))).toBe(true);
  });

  it("is opened with post-quantum identities", async () => {
    const pq = await generateHybridIdentity();
    const file = await encrypted(bytesOf(70_000), [await identityToRecipient(pq)]);
    const plain = await collect(cipher.decrypt(inPieces(file), { identities: [new Secret(pq)] }));
    expect(plain.equals(bytesOf(70_000))).toBe(true);
  });
});

describe("giving up", () => {
  it.each(["encrypt", "decrypt"] as const)(
    "closes the input when the result of %s is destroyed",
    async (verb) => {
      const source = stallingAfter(verb === "encrypt" ? bytesOf(200_000) : await encrypted(bytesOf(200_000)));
      const result =
        verb === "encrypt"
          ? cipher.encrypt(source, { recipients: [recipient] })
          : cipher.decrypt(source, { identities: [new Secret(identity)] });
      await new Promise((resolve) => result.once("readable", resolve));
      result.destroy();
      await closed(source);
      expect(source.destroyed).toBe(true);
    },
  );

  it("fails the result when the input is closed without an end", async () => {
    const source = stallingAfter(bytesOf(200_000));
    const result = cipher.encrypt(source, { recipients: [recipient] });
    setImmediate(() => source.destroy());
    await expect(collect(result)).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
  });

  it("closes the input when a key cannot be used", async () => {
    const source = stallingAfter(bytesOf(10));
    await expect(collect(cipher.encrypt(source, { recipients: [] }))).rejects.toThrow("no recipient");
    expect(source.destroyed).toBe(true);
  });
});

/** Runs a command in the test's folder at a terminal of its own, and types one line after the other when it asks for a passphrase. */
async function atTerminal(command: string, ...lines: readonly string[]): Promise<void> {
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd: folder,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const left = [...lines];
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    if (!/passphrase[^:\n]*: /.test(shown)) return;
    shown = "";
    child.stdin.write(`${left.shift()}\n`);
  });
  const [code] = await once(child, "close");
  expect([code, left]).toEqual([0, []]);
}
