import { randomBytes } from "node:crypto";
import { pipeline, type Readable, Transform } from "node:stream";
import type { Cipher, OpeningKeys, SealingKey } from "../../ports/cipher.ts";
import { fail } from "../../problems/dbops-error.ts";
import { headerLength, openHeader, sealHeader } from "./header.ts";
import { passphraseKeys } from "./passphrase.ts";
import { openPayload, PAYLOAD_NONCE_BYTES, type Payload, sealPayload } from "./payload.ts";

type PassphraseKeys = ReturnType<typeof passphraseKeys>;

/**
 * The age format: keys and header by the package age-encryption (loaded at first use), the payload by node:crypto,
 * which is several times as fast. The streams take and give buffers of any size; 1 MiB is a good one.
 */
export function ageCipher(): Cipher {
  const derive = passphraseKeys();
  return {
    encrypt: (body, key) => join(body, sealing(key, derive)),
    decrypt: (body, keys) => join(body, opening(keys, derive)),
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

function sealing(key: SealingKey, derive: PassphraseKeys): Transform {
  let payload: Payload | null = null;
  const begin = async (stream: Transform): Promise<Payload> => {
    if (payload !== null) return payload;
    const { header, fileKey } = await sealHeader(key, derive);
    const nonce = randomBytes(PAYLOAD_NONCE_BYTES);
    stream.push(Buffer.concat([header, nonce]));
    payload = sealPayload(fileKey, nonce);
    return payload;
  };
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      settle(done, async () => (await begin(this)).next(piece));
    },
    flush(done) {
      settle(done, async () => (await begin(this)).end());
    },
  });
}

function opening(keys: OpeningKeys, derive: PassphraseKeys): Transform {
  let payload: Payload | null = null;
  let start: Buffer = Buffer.alloc(0);
  const begin = async (piece: Buffer): Promise<Buffer> => {
    start = Buffer.concat([start, piece]);
    const length = headerLength(start);
    if (length === null || start.length < length + PAYLOAD_NONCE_BYTES) return Buffer.alloc(0);
    const fileKey = await openHeader(start.subarray(0, length), keys, derive);
    const nonce = start.subarray(length, length + PAYLOAD_NONCE_BYTES);
    payload = openPayload(fileKey, nonce);
    return payload.next(start.subarray(length + PAYLOAD_NONCE_BYTES));
  };
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      settle(done, () => (payload === null ? begin(piece) : payload.next(piece)));
    },
    flush(done) {
      settle(
        done,
        () => payload?.end() ?? fail("CIPHER_FAILED", "the file is cut off inside its age header"),
      );
    },
  });
}

/** Hands the outcome to the stream; an empty buffer is no output. */
function settle(
  done: (error?: Error | null, data?: Buffer) => void,
  work: () => Buffer | Promise<Buffer>,
): void {
  const attempt = async () => work();
  attempt().then((out) => (out.length === 0 ? done() : done(null, out)), done);
}
