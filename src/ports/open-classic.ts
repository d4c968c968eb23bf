import { type Readable, Transform } from "node:stream";
import { DUMP_HEAD_BYTES } from "../model/plain-dump/dump-head.ts";
import type { Secret } from "../model/secret.ts";
import { DbopsError, fail } from "../problems/dbops-error.ts";
import { problem } from "../problems/problem.ts";
import type { ClassicCipher } from "./classic-cipher.ts";
import type { ObjectStore } from "./object-store.ts";
import { readText } from "./read-object.ts";
import { chain } from "./stream/chain.ts";
import { gunzip } from "./stream/gunzip.ts";

/**
 * The plain dump in the bytes of a `.sql.gz.enc` file, in constant memory. Ends well only when padding, gzip checksum and end are
 * right; whether the dump itself is whole tells only its trailer. CIPHER_FAILED for another passphrase, OBJECT_DAMAGED for a file
 * that begins as gzip, so that the passphrase is its own, and is cut or damaged.
 */
export function openClassic(
  stored: Readable,
  key: { readonly cipher: ClassicCipher; readonly passphrase: Secret },
): Readable {
  return gunzip(chain(key.cipher.decrypt(stored, key.passphrase, GZIP), startsAsGzip()));
}

/**
 * The first lines of the dump in the runbook's file, for which only the file's beginning is read; fails as `openClassic`, as far as it
 * reads.
 */
export async function readDumpHead(
  store: ObjectStore,
  key: string,
  opening: { readonly cipher: ClassicCipher; readonly passphrase: Secret },
  signal: AbortSignal,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of openClassic(await store.read(key, null, signal), opening)) {
    chunks.push(Buffer.from(chunk));
    bytes += chunks.at(-1)?.length ?? 0;
    if (bytes >= DUMP_HEAD_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8", 0, DUMP_HEAD_BYTES);
}

/** One wrong passphrase in 255 looks right to the cipher, and that only at the end: the first bytes tell at once. */
function startsAsGzip(): Transform {
  let start: Buffer | null = Buffer.alloc(0);
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      if (start === null) return done(null, piece);
      start = Buffer.concat([start, piece]);
      if (start.length < GZIP.length) return done();
      const isGzip = start.subarray(0, GZIP.length).equals(GZIP);
      const out = start;
      start = null;
      isGzip ? done(null, out) : done(otherPassphrase());
    },
    flush: (done) => (start === null ? done() : done(otherPassphrase())),
  });
}

const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);

function otherPassphrase(): DbopsError {
  const detail =
    "what it opens to is no gzip file: the passphrase is another one, the file was damaged, or an OpenSSL before 1.1 wrote it (-md md5)";
  return new DbopsError([problem("CIPHER_FAILED", detail)]);
}

/** The digest in a `.sha256` file as sha256sum writes it, with any path; lower-case hex. OBJECT_DAMAGED when there is none. */
export async function readDigest(store: ObjectStore, key: string, signal: AbortSignal): Promise<string> {
  const digest = parseDigest(await readText(store, key, signal));
  return digest ?? fail("OBJECT_DAMAGED", `${key} holds no SHA-256 as sha256sum writes it`);
}

/** null for a text that is no output of sha256sum for one file. A name with a backslash or newline makes it start with `\`. */
export function parseDigest(text: string): string | null {
  return /^\\?([0-9a-f]{64})(?:[ \t]+\*?[^\n]*)?\r?\n?$/i.exec(text)?.[1]?.toLowerCase() ?? null;
}
