import {
  Encrypter,
  generateHybridIdentity,
  generateIdentity,
  identityToRecipient,
  Stanza,
} from "age-encryption";
import { beforeAll, describe, expect, it } from "vitest";
import { ageCipher } from "../../src/adapters/age-cipher/age-cipher.ts";
import { Secret } from "../../src/model/secret.ts";
import type { OpeningKeys, SealingKey } from "../../src/ports/cipher.ts";
import { DbopsError } from "../../src/problems/dbops-error.ts";
import { bytesOf, collect, inPieces } from "../ports/stream/flow.ts";

const cipher = ageCipher();
const CHUNK = 65_552;

let identity = "";
let recipient = "";
let file: Buffer; // three chunks, the last one short
let payloadAt = 0;

beforeAll(async () => {
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  file = await collect(cipher.encrypt(inPieces(bytesOf(150_000)), { recipients: [recipient] }));
  payloadAt = file.indexOf("\n", file.indexOf("\n--- ") + 1) + 1 + 16;
});

async function refusal(
  body: Buffer,
  keys?: OpeningKeys,
): Promise<{ code: string; detail: string; all: string }> {
  const result = cipher.decrypt(inPieces(body), keys ?? { identities: [new Secret(identity)] });
  return problemOf(collect(result));
}

async function sealingRefusal(key: SealingKey): Promise<{ code: string; detail: string; all: string }> {
  return problemOf(collect(cipher.encrypt(inPieces(bytesOf(10)), key)));
}

async function problemOf(work: Promise<unknown>): Promise<{ code: string; detail: string; all: string }> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof DbopsError)) throw new Error("no refusal", { cause: error });
  const [problem] = error.problems;
  const cause = error.cause instanceof Error ? error.cause.message : "";
  return {
    code: problem?.code ?? "",
    detail: problem?.detail ?? "",
    all: `${JSON.stringify(problem)} ${cause}`,
  };
}

function flipped(at: number): Buffer {
  const copy = Buffer.from(file);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}

describe("a damaged file", () => {
  it.each([
    ["the first chunk", () => payloadAt + 5, "chunk 1"],
    ["the second chunk", () => payloadAt + CHUNK + 5, "chunk 2"],
    ["the last chunk", () => file.length - 20, "chunk 3"],
    ["the last tag", () => file.length - 1, "chunk 3"],
    ["the nonce", () => payloadAt - 1, "chunk 1"],
  ])("is refused when one bit of %s was flipped", async (_where, at, chunk) => {
    const { code, detail } = await refusal(flipped(at()));
    expect({ code, detail }).toMatchObject({ code: "CIPHER_FAILED", detail: expect.stringContaining(chunk) });
  });

  it("is refused when its header was changed", async () => {
    expect((await refusal(flipped(payloadAt - 20))).code).toBe("CIPHER_FAILED");
  });

  it.each([
    ["after the nonce", () => payloadAt, "cut off"],
    ["inside the first chunk", () => payloadAt + 100, "chunk 1"],
    ["between two chunks", () => payloadAt + CHUNK, "cut off after chunk 1"],
    ["inside the last chunk", () => file.length - 1, "chunk 3"],
    ["inside the last chunk's tag", () => payloadAt + 2 * CHUNK + 10, "last chunk is missing"],
    ["inside the header", () => payloadAt - 40, "inside its age header"],
    ["inside the nonce", () => payloadAt - 2, "inside its age header"],
    ["before the first byte", () => 0, "inside its age header"],
  ])("is refused when it is cut %s", async (_where, at, detail) => {
    const problem = await refusal(file.subarray(0, at()));
    expect(problem).toMatchObject({ code: "CIPHER_FAILED", detail: expect.stringContaining(detail) });
  });

  it("is refused when bytes were added", async () => {
    expect((await refusal(Buffer.concat([file, Buffer.from("x")]))).code).toBe("CIPHER_FAILED");
  });

  it("says so when bytes were added to a file that fills its last chunk", async () => {
    const whole = await collect(cipher.encrypt(inPieces(bytesOf(65_536)), { recipients: [recipient] }));
    const { detail } = await refusal(Buffer.concat([whole, Buffer.from("x")]));
    expect(detail).toBe("bytes follow the end of the file, which is chunk 1");
  });

  it("is refused when two chunks changed places", async () => {
    const first = file.subarray(payloadAt, payloadAt + CHUNK);
    const second = file.subarray(payloadAt + CHUNK, payloadAt + 2 * CHUNK);
    const swapped = Buffer.concat([
      file.subarray(0, payloadAt),
      second,
      first,
      file.subarray(payloadAt + 2 * CHUNK),
    ]);
    expect((await refusal(swapped)).code).toBe("CIPHER_FAILED");
  });

  it.each([
    ["a dump", "PGDMP and more", "no age file"],
    ["an armored file", "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", "armored"],
    ["a later version", "age-encryption.org/v2\n-> X25519 x\n", "no age file"],
  ])("is refused when it is %s", async (_what, text, detail) => {
    const problem = await refusal(Buffer.from(text));
    expect(problem).toMatchObject({ code: "CIPHER_FAILED", detail: expect.stringContaining(detail) });
  });

  it("is refused when its header never ends", async () => {
    const endless = Buffer.concat([
      Buffer.from("age-encryption.org/v1\n"),
      Buffer.alloc(1_200_000, "-> x\n"),
    ]);
    expect(await refusal(endless)).toMatchObject({
      code: "CIPHER_FAILED",
      detail: "its age header has no end",
    });
  });

  it("gives out nothing that is not authentic", async () => {
    const got: Buffer[] = [];
    const body = cipher.decrypt(inPieces(flipped(payloadAt + CHUNK + 5)), {
      identities: [new Secret(identity)],
    });
    body.on("data", (piece: Buffer) => got.push(piece));
    await new Promise((resolve) => body.once("close", resolve));
    const plain = Buffer.concat(got);
    expect(plain.equals(bytesOf(150_000).subarray(0, plain.length))).toBe(true);
    expect(plain.length).toBeLessThanOrEqual(65_536);
  });
});

describe("a file for somebody else", () => {
  it("is refused with the kinds of its recipients", async () => {
    const keys = { identities: [new Secret(await generateIdentity())] };
    const problem = await refusal(file, keys);
    expect(problem.code).toBe("IDENTITY_MISSING");
    expect(problem.detail).toBe("it is encrypted for 1 × X25519; tried 1 age identity");
  });

  it("is refused where there is no key at all", async () => {
    expect((await refusal(file, { identities: [] })).code).toBe("IDENTITY_MISSING");
  });

  it("is refused with a wrong passphrase", async () => {
    const encrypter = new Encrypter();
    encrypter.setPassphrase("right");
    encrypter.setScryptWorkFactor(10);
    const sealed = Buffer.from(await encrypter.encrypt(bytesOf(10)));
    const problem = await refusal(sealed, { identities: [], passphrase: new Secret("wrong-words") });
    expect(problem).toMatchObject({ code: "IDENTITY_MISSING", detail: expect.stringContaining("scrypt") });
    expect(problem.all).not.toContain("wrong-words");
  });

  it("is refused without telling an identity that cannot be read", async () => {
    const broken = `${identity.slice(0, -1)}${identity.endsWith("Q") ? "P" : "Q"}`;
    const problem = await refusal(file, { identities: [new Secret(broken)] });
    expect(problem.code).toBe("IDENTITY_MISSING");
    expect(problem.detail).toContain("1 that cannot be read");
    expect(problem.all).not.toContain(broken.slice(20, 40));
  });
});

describe("a passphrase stanza", () => {
  const keys = { identities: [], passphrase: new Secret("words") };
  const salt = Buffer.alloc(16, 7).toString("base64").replaceAll("=", "");

  async function withStanzas(...stanzas: Stanza[]): Promise<Buffer> {
    const encrypter = new Encrypter();
    encrypter.addRecipient({ wrapFileKey: () => stanzas });
    return Buffer.from(await encrypter.encrypt(bytesOf(10)));
  }

  it.each([
    ["asks for too much memory", [["scrypt", salt, "40"]]],
    ["has a malformed salt", [["scrypt", "AAAA", "10"]]],
    ["has a malformed work factor", [["scrypt", salt, "010"]]],
    ["has an argument too many", [["scrypt", salt, "10", "x"]]],
    [
      "stands beside another one",
      [
        ["scrypt", salt, "10"],
        ["X25519", salt],
      ],
    ],
  ])("is refused when it %s", async (_how, args) => {
    const sealed = await withStanzas(...args.map((one) => new Stanza(one, bytesOf(32))));
    expect((await refusal(sealed, keys)).code).toBe("CIPHER_FAILED");
  });

  it("is refused when its body has a wrong length", async () => {
    const sealed = await withStanzas(new Stanza(["scrypt", salt, "10"], bytesOf(31)));
    expect((await refusal(sealed, keys)).code).toBe("CIPHER_FAILED");
  });
});

describe("a key that must not be encrypted for", () => {
  it("is no recipient at all", async () => {
    expect(await sealingRefusal({ recipients: [] })).toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("is a text that is no age recipient", async () => {
    const problem = await sealingRefusal({ recipients: [recipient, `${recipient}x`] });
    expect(problem).toMatchObject({
      code: "CONFIG_INVALID",
      detail: expect.stringContaining(`${recipient}x`),
    });
  });

  it("is a classic recipient beside a post-quantum one", async () => {
    const pq = await identityToRecipient(await generateHybridIdentity());
    for (const recipients of [
      [recipient, pq],
      [pq, recipient],
    ]) {
      const problem = await sealingRefusal({ recipients });
      expect(problem).toMatchObject({
        code: "CONFIG_INVALID",
        detail: expect.stringContaining("post-quantum"),
      });
    }
  });

  it("is an empty passphrase", async () => {
    expect((await sealingRefusal({ passphrase: new Secret("") })).code).toBe("SECRET_UNAVAILABLE");
  });
});
