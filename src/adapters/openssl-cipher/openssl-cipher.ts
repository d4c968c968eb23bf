import { type Cipheriv, createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { pipeline, type Readable, Transform, type TransformCallback } from "node:stream";
import type { Secret } from "../../model/secret.ts";
import type { ClassicCipher } from "../../ports/classic-cipher.ts";
import { fail } from "../../problems/dbops-error.ts";

// openssl-enc(1): "Salted__", 8 bytes of salt, then AES-256-CBC with PKCS#7 padding under key and IV of EVP_BytesToKey
// with SHA-256 and one round.
const ALGORITHM = "aes-256-cbc";
const MAGIC = Buffer.from("Salted__");
const SALT_BYTES = 8;
const HEADER_BYTES = MAGIC.length + SALT_BYTES;
const BLOCK_BYTES = 16;

/** The runbook's cipher over node:crypto. The streams take and give buffers of any size. */
export function opensslCipher(): ClassicCipher {
  return {
    encrypt: (body, passphrase) => join(body, sealing(passphrase)),
    decrypt: (body, passphrase, startsAs) => join(body, opening(passphrase, startsAs)),
  };
}

/** Both are destroyed when one is, with the same error; the result ends only when `body` ended well. */
function join(body: Readable, transform: Transform): Readable {
  body.on("error", ignore);
  transform.on("error", ignore);
  return pipeline(body, transform, ignore);
}

/** A failure is seen by whoever reads the result; it must not be an uncaught exception where nobody does yet. */
function ignore(): void {}

function sealing(passphrase: Secret): Transform {
  const salt = randomBytes(SALT_BYTES);
  const { key, iv } = deriveKey(passphrase, salt);
  const cipher = createCipheriv(ALGORITHM, key, iv);
  return new Transform({
    construct(done) {
      this.push(Buffer.concat([MAGIC, salt]));
      done();
    },
    transform: (piece: Buffer, _encoding, done) => give(done, () => cipher.update(piece)),
    flush: (done) => give(done, () => cipher.final()),
  });
}

function opening(passphrase: Secret, startsAs: Buffer | undefined): Transform {
  let decipher: Cipheriv | null = null;
  let start: Buffer = Buffer.alloc(0);
  let plainStart: Buffer = Buffer.alloc(0);
  let bytes = 0;
  const begin = (piece: Buffer): Buffer => {
    start = Buffer.concat([start, piece]);
    assertMagic(start);
    if (start.length < HEADER_BYTES) return Buffer.alloc(0);
    const { key, iv } = deriveKey(passphrase, start.subarray(MAGIC.length, HEADER_BYTES));
    decipher = createDecipheriv(ALGORITHM, key, iv);
    return decipher.update(start.subarray(HEADER_BYTES));
  };
  const open = (piece: Buffer): Buffer => {
    const plain = decipher === null ? begin(piece) : decipher.update(piece);
    if (plainStart.length < BLOCK_BYTES)
      plainStart = Buffer.concat([plainStart, plain.subarray(0, BLOCK_BYTES)]);
    return plain;
  };
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      give(done, () => open(piece));
    },
    flush(done) {
      const isRightKey = startsAs?.equals(plainStart.subarray(0, startsAs.length)) ?? false;
      give(done, () => finish(decipher, { bytes, isRightKey }));
    },
  });
}

function assertMagic(start: Buffer): void {
  const shared = Math.min(start.length, MAGIC.length);
  if (start.subarray(0, shared).equals(MAGIC.subarray(0, shared))) return;
  fail("CIPHER_FAILED", "it does not begin as a file of openssl enc does (Salted__)");
}

function finish(
  decipher: Cipheriv | null,
  { bytes, isRightKey }: { readonly bytes: number; readonly isRightKey: boolean },
): Buffer {
  if (decipher === null) return fail("CIPHER_FAILED", "the file is cut off inside its header");
  if (bytes % BLOCK_BYTES !== 0 || bytes === HEADER_BYTES)
    return isRightKey
      ? damaged(`the file is cut off: ${bytes} bytes are no whole number of blocks`)
      : fail("CIPHER_FAILED", `the file is cut off: ${bytes} bytes are no whole number of blocks`);
  try {
    return decipher.final();
  } catch {
    // Node's only way to say that the padding is wrong
    return isRightKey
      ? damaged("the passphrase opens its beginning, but the file is cut off or damaged")
      : fail("CIPHER_FAILED", "the passphrase is another one, or the file was damaged or cut off");
  }
}

/** Trying again with this passphrase or another one changes nothing. */
function damaged(detail: string): never {
  return fail("OBJECT_DAMAGED", detail, { final: true });
}

/** Key and IV of EVP_BytesToKey: each digest covers the one before, the passphrase and the salt. */
function deriveKey(passphrase: Secret, salt: Buffer): { readonly key: Buffer; readonly iv: Buffer } {
  const words = Buffer.from(passphrase.reveal(), "utf8");
  const digest = (before: Buffer) =>
    createHash("sha256")
      .update(Buffer.concat([before, words, salt]))
      .digest();
  const key = digest(Buffer.alloc(0));
  return { key, iv: digest(key).subarray(0, BLOCK_BYTES) };
}

/** Hands the outcome to the stream; an empty buffer is no output. */
function give(done: TransformCallback, work: () => Buffer): void {
  try {
    const out = work();
    out.length === 0 ? done() : done(null, out);
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)));
  }
}
