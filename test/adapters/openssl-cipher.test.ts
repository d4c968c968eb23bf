import { spawn } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { opensslCipher } from "../../src/adapters/openssl-cipher/openssl-cipher.ts";
import { Secret } from "../../src/model/secret.ts";
import { bytesOf, closed, collect, failingAfter, inPieces, stallingAfter } from "../ports/stream/flow.ts";

const cipher = opensslCipher();
const KEY = "söme words, with 'quotes' and $ signs";
const SIZES = [0, 1, 15, 16, 17, 65_535, 65_536, 1_048_577];
const FAILURE = new Error("upstream failed");

/** The runbook's own command, the passphrase where no argument list shows it. */
function openssl(args: readonly string[], input: Buffer, key = KEY): Promise<Buffer> {
  const env = { ...process.env, KEY: key };
  const child = spawn("openssl", ["enc", ...args, "-AES256", "-pass", "env:KEY"], { env });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    child.stdout.on("data", (piece: Buffer) => out.push(piece));
    child.stderr.resume();
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(Buffer.concat(out)) : reject(new Error(`openssl exited with ${code}`)),
    );
  });
}

function encrypted(content: Buffer, key = KEY): Promise<Buffer> {
  return collect(cipher.encrypt(inPieces(content), new Secret(key)));
}

function decrypted(file: Buffer, sizes?: readonly number[], key = KEY): Promise<Buffer> {
  return collect(cipher.decrypt(inPieces(file, sizes), new Secret(key)));
}

describe("what it encrypts", () => {
  it.each(SIZES)("is opened by the runbook's openssl, for %i bytes", async (length) => {
    const plain = await openssl(["-d"], await encrypted(bytesOf(length)));
    expect(plain.equals(bytesOf(length))).toBe(true);
  });

  it("is opened by openssl's own -k, as the runbook has it", async () => {
    const child = spawn("openssl", ["enc", "-d", "-AES256", "-k", "no secret"]);
    child.stdin.end(await encrypted(bytesOf(100_000), "no secret"));
    expect((await collect(child.stdout)).equals(bytesOf(100_000))).toBe(true);
  });

  it("has another salt each time", async () => {
    const [one, two] = await Promise.all([encrypted(bytesOf(100)), encrypted(bytesOf(100))]);
    expect(one.equals(two)).toBe(false);
  });

  it("never ends well when its input fails", async () => {
    const body = cipher.encrypt(failingAfter(bytesOf(70_000), FAILURE), new Secret(KEY));
    await expect(collect(body)).rejects.toBe(FAILURE);
  });
});

describe("what openssl encrypts", () => {
  it.each(SIZES)("is opened, for %i bytes", async (length) => {
    const plain = await decrypted(await openssl([], bytesOf(length)));
    expect(plain.equals(bytesOf(length))).toBe(true);
  });

  it("is opened in pieces of any size", async () => {
    const file = await openssl([], bytesOf(5000));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 30 }),
        async (sizes) => (await decrypted(file, sizes)).equals(bytesOf(5000)),
      ),
      { numRuns: 30 },
    );
  });
});

describe("what it refuses", () => {
  it("is every file with another passphrase, or else gives what is not the content", async () => {
    const file = await encrypted(bytesOf(1000));
    for (let n = 0; n < 50; n += 1) {
      // one wrong key in 255 leaves a padding that looks right: only the content can tell then
      const outcome = await decrypted(file, [65_536], `wrong ${n}`).catch((error: unknown) => error);
      if (Buffer.isBuffer(outcome)) expect(outcome.equals(bytesOf(1000))).toBe(false);
      else expect(outcome).toMatchObject({ problems: [{ code: "CIPHER_FAILED" }] });
    }
  });

  it.each([0, 4, 8, 15, 16, 17, 100, 1023])("is a file cut to %i bytes", async (length) => {
    const file = await encrypted(bytesOf(1000));
    await expect(decrypted(file.subarray(0, length))).rejects.toMatchObject({
      problems: [{ code: "CIPHER_FAILED" }],
    });
  });

  it("is a file that is none of openssl's", async () => {
    await expect(decrypted(bytesOf(64))).rejects.toMatchObject({
      problems: [{ code: "CIPHER_FAILED", detail: expect.stringContaining("Salted__") }],
    });
  });

  it("is told without the passphrase", async () => {
    const file = (await encrypted(bytesOf(1000))).subarray(0, 1000);
    const error: unknown = await decrypted(file).catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error) + String(error)).not.toContain(KEY);
  });
});

describe("its streams", () => {
  it("pass on the failure of their input as it is", async () => {
    const file = await encrypted(bytesOf(100_000));
    const body = cipher.decrypt(failingAfter(file.subarray(0, 50_000), FAILURE), new Secret(KEY));
    await expect(collect(body)).rejects.toBe(FAILURE);
  });

  it("destroy their input when they are destroyed", async () => {
    const input = stallingAfter(bytesOf(100));
    const body = cipher.encrypt(input, new Secret(KEY));
    body.destroy();
    await closed(input);
    expect(input.destroyed).toBe(true);
  });
});
