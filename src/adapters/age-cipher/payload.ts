import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { fail } from "../../problems/dbops-error.ts";

// The payload of an age file, https://age-encryption.org/v1: ChaCha20-Poly1305 over chunks of 64 KiB, under a key from
// the file key and a nonce; each chunk's nonce is an 11 byte big-endian counter and a byte that is 1 for the last chunk.
const ALGORITHM = "chacha20-poly1305";
const PLAIN_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const SEALED_BYTES = PLAIN_BYTES + TAG_BYTES;
const TAG = { authTagLength: TAG_BYTES };

/** Bytes of the nonce that stands between the header and the first chunk. */
export const PAYLOAD_NONCE_BYTES = 16;

/** Turns the bytes of one stream, in pieces of any size, into the bytes of the other. */
export interface Payload {
  /** What can be said before more is known; an empty buffer when that is nothing. */
  next(piece: Buffer): Buffer;
  /** The rest, when the input has ended well. */
  end(): Buffer;
}

/** Seals plain text. The last chunk is empty only when there is no plain text at all. */
export function sealPayload(fileKey: Uint8Array, nonce: Uint8Array): Payload {
  const key = payloadKey(fileKey, nonce);
  const cutter = new Cutter(PLAIN_BYTES);
  const counter = new ChunkNonce();
  const seal = (plain: Buffer, isLast: boolean, out: Buffer) => {
    const cipher = createCipheriv(ALGORITHM, key, counter.take(isLast), TAG);
    out.set(cipher.update(plain));
    cipher.final();
    out.set(cipher.getAuthTag(), plain.length);
  };
  return {
    next(piece) {
      const out = Buffer.allocUnsafeSlow(cutter.whole(piece) * SEALED_BYTES);
      let at = 0;
      for (const plain of cutter.cut(piece)) {
        seal(plain, false, out.subarray(at));
        at += SEALED_BYTES;
      }
      return out;
    },
    end() {
      const plain = cutter.rest();
      const out = Buffer.allocUnsafeSlow(plain.length + TAG_BYTES);
      seal(plain, true, out);
      return out;
    },
  };
}

/** Opens what `sealPayload` or any age wrote; every byte it returns is authentic. CIPHER_FAILED otherwise. */
export function openPayload(fileKey: Uint8Array, nonce: Uint8Array): Payload {
  const key = payloadKey(fileKey, nonce);
  const cutter = new Cutter(SEALED_BYTES);
  const counter = new ChunkNonce();
  const open = (sealed: Buffer, isLast: boolean): Buffer => {
    const plain = openChunk(key, sealed, counter.take(isLast));
    if (plain !== null) return plain;
    // The other kind of chunk being authentic here tells what happened to the file.
    const isOther = openChunk(key, sealed, counter.again(!isLast)) !== null;
    return refuse(counter.number, isLast, isOther);
  };
  return {
    next(piece) {
      const out = Buffer.allocUnsafeSlow(cutter.whole(piece) * PLAIN_BYTES);
      let at = 0;
      for (const sealed of cutter.cut(piece)) {
        out.set(open(sealed, false), at);
        at += PLAIN_BYTES;
      }
      return out;
    },
    end() {
      const sealed = cutter.rest();
      if (sealed.length < TAG_BYTES) fail("CIPHER_FAILED", "the file is cut off: its last chunk is missing");
      const plain = open(sealed, true);
      if (plain.length === 0 && counter.number > 1) {
        fail("CIPHER_FAILED", "the file breaks the age format: its last chunk is empty");
      }
      return plain;
    },
  };
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): KeyObject {
  // A KeyObject: with the bytes themselves each chunk would pay 50 µs more.
  return createSecretKey(Buffer.from(hkdfSync("sha256", fileKey, nonce, "payload", 32)));
}

function openChunk(key: KeyObject, sealed: Buffer, nonce: Buffer): Buffer | null {
  const decipher = createDecipheriv(ALGORITHM, key, nonce, TAG);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return null; // Node's only way to say that the tag does not fit
  }
  return plain;
}

function refuse(number: number, isLast: boolean, isOther: boolean): never {
  if (isOther && isLast) fail("CIPHER_FAILED", `the file is cut off after chunk ${number}`);
  if (isOther) fail("CIPHER_FAILED", `bytes follow the end of the file, which is chunk ${number}`);
  fail("CIPHER_FAILED", `chunk ${number} does not authenticate: the file was damaged, cut off or changed`);
}

/** Chunk nonces in order; `number` is how many were taken. */
class ChunkNonce {
  readonly #bytes = Buffer.alloc(12);
  number = 0;

  take(isLast: boolean): Buffer {
    const nonce = this.#write(this.number, isLast);
    this.number += 1;
    return nonce;
  }

  /** The nonce taken last, with another flag. */
  again(isLast: boolean): Buffer {
    return this.#write(this.number - 1, isLast);
  }

  #write(counter: number, isLast: boolean): Buffer {
    this.#bytes.writeUIntBE(counter, 5, 6); // 2^48 chunks are 16 EiB
    this.#bytes[11] = isLast ? 1 : 0;
    return this.#bytes;
  }
}

/** Cuts a stream into chunks of one size. A whole chunk is held back until a byte follows: it may be the last one. */
class Cutter {
  readonly #size: number;
  readonly #held: Buffer;
  #used = 0;

  constructor(size: number) {
    this.#size = size;
    this.#held = Buffer.allocUnsafeSlow(size);
  }

  /** How many chunks `cut` will give for this piece. */
  whole(piece: Buffer): number {
    return Math.max(0, Math.ceil((this.#used + piece.length) / this.#size) - 1);
  }

  /** Whole chunks that are not the last; each is valid until the next one is asked for. */
  *cut(piece: Buffer): Generator<Buffer> {
    let at = 0;
    if (this.#used > 0 && this.#used + piece.length > this.#size) {
      at = piece.copy(this.#held, this.#used, 0, this.#size - this.#used);
      yield this.#held;
      this.#used = 0;
    }
    for (; piece.length - at > this.#size; at += this.#size) yield piece.subarray(at, at + this.#size);
    this.#used += piece.copy(this.#held, this.#used, at);
  }

  rest(): Buffer {
    return this.#held.subarray(0, this.#used);
  }
}
