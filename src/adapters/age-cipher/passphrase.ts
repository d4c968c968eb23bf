import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import type { Identity, Recipient } from "age-encryption";
import type { Secret } from "../../model/secret.ts";
import { fail } from "../../problems/dbops-error.ts";

// The scrypt stanza, https://age-encryption.org/v1. The package's own one blocks the event loop for a second, which a
// lock's renewal cannot wait for; node:crypto derives the key on a thread.
const LABEL = "age-encryption.org/v1/scrypt";
/** What age itself takes: 256 MiB and about a second. */
const WORK_FACTOR = 18;
/** 1 GiB; a file that asks for more is an attack or is opened with age itself. */
const MOST_WORK_FACTOR = 20;
const SALT_BYTES = 16;
const SEALED_KEY_BYTES = 32;
const TAG = { authTagLength: 16 };
const NO_NONCE = Buffer.alloc(12);

type Derive = (passphrase: Secret, salt: Buffer, workFactor: number) => Promise<Buffer>;

/** Derives keys one at a time: the parts of one backup would otherwise take 256 MiB each at once. */
export function passphraseKeys(): Derive {
  let before: Promise<unknown> = Promise.resolve();
  return (passphrase, salt, workFactor) => {
    const key = before.then(() => derive(passphrase, salt, workFactor));
    before = key.catch(() => {}); // the caller has this error; the next one in the queue must not
    return key;
  };
}

/** The one recipient of a file that a passphrase opens. */
export function passphraseRecipient(
  passphrase: Secret,
  keys: Derive,
  stanza: (args: string[], body: Uint8Array) => Awaited<ReturnType<Recipient["wrapFileKey"]>>[number],
): Recipient {
  if (passphrase.reveal() === "") fail("SECRET_UNAVAILABLE", "the passphrase for age is empty");
  return {
    async wrapFileKey(fileKey) {
      const salt = randomBytes(SALT_BYTES);
      const cipher = createCipheriv(
        "chacha20-poly1305",
        await keys(passphrase, salt, WORK_FACTOR),
        NO_NONCE,
        TAG,
      );
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [stanza(["scrypt", unpadded(salt), String(WORK_FACTOR)], body)];
    },
  };
}

/** Opens a file that has this passphrase; CIPHER_FAILED when its stanza is not what the format allows. */
export function passphraseIdentity(passphrase: Secret, keys: Derive): Identity {
  return {
    async unwrapFileKey(stanzas) {
      const stanza = stanzas.find((one) => one.args[0] === "scrypt");
      if (stanza === undefined) return null;
      if (stanzas.length > 1) fail("CIPHER_FAILED", "the file has a passphrase beside other recipients");
      const { salt, workFactor } = parseStanza(stanza.args);
      if (stanza.body.length !== SEALED_KEY_BYTES)
        fail("CIPHER_FAILED", "the passphrase stanza has a wrong length");
      const key = await keys(passphrase, salt, workFactor);
      return unwrap(key, Buffer.from(stanza.body));
    },
  };
}

function derive(passphrase: Secret, salt: Buffer, workFactor: number): Promise<Buffer> {
  const cost = { N: 2 ** workFactor, r: 8, p: 1, maxmem: 2 * 128 * 8 * 2 ** workFactor };
  return new Promise((resolve, reject) => {
    scrypt(passphrase.reveal(), Buffer.concat([Buffer.from(LABEL), salt]), 32, cost, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function parseStanza(args: readonly string[]): { salt: Buffer; workFactor: number } {
  const [, saltText = "", workText = "", ...more] = args;
  const salt = Buffer.from(saltText, "base64");
  const isWhole = salt.length === SALT_BYTES && unpadded(salt) === saltText && more.length === 0;
  if (!isWhole || !/^[1-9]\d?$/.test(workText)) fail("CIPHER_FAILED", "the passphrase stanza is malformed");
  const workFactor = Number(workText);
  if (workFactor > MOST_WORK_FACTOR) {
    fail(
      "CIPHER_FAILED",
      `the passphrase's work factor is ${workFactor}, dbops takes up to ${MOST_WORK_FACTOR}`,
      {
        fix: "open it with age itself",
      },
    );
  }
  return { salt, workFactor };
}

function unwrap(key: Buffer, body: Buffer): Uint8Array | null {
  const decipher = createDecipheriv("chacha20-poly1305", key, NO_NONCE, TAG);
  decipher.setAuthTag(body.subarray(16));
  const fileKey = decipher.update(body.subarray(0, 16));
  try {
    decipher.final();
  } catch {
    return null; // another passphrase
  }
  return fileKey;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
