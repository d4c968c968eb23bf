import type { Readable } from "node:stream";
import { sha256 } from "../model/canonical.ts";
import { folderOf } from "../model/layout.ts";
import type { Manifest, ManifestObject } from "../model/manifest.ts";
import type { Secret } from "../model/secret.ts";
import { DbopsError, fail } from "../problems/dbops-error.ts";
import type { Problem } from "../problems/problem.ts";
import type { Cipher, OpeningKeys } from "./cipher.ts";
import type { ObjectStore } from "./object-store.ts";
import { decompress } from "./stream/zstd.ts";

/** One object of a backup, where it lies and what opens it. */
export interface Sealed {
  readonly store: ObjectStore;
  readonly cipher: Cipher;
  readonly keys: OpeningKeys;
  readonly manifest: Manifest;
  readonly object: ManifestObject;
}

/** The content of one object as pg_dump wrote it: decrypted and decompressed; nothing is compared. */
export async function openObject(sealed: Sealed, signal: AbortSignal): Promise<Readable> {
  const { store, cipher, keys, manifest, object } = sealed;
  const stored = await store.read(`${folderOf(manifest.name)}${object.key}`, null, signal);
  const opened = manifest.encryption === "none" ? stored : cipher.decrypt(stored, keys);
  const compressed = manifest.compression !== "none" && object.role !== "detail";
  return compressed ? decompress(opened) : opened;
}

/** Far more than roles or a detail of a hundred thousand tables take. */
const MOST_CONTENT_BYTES = 256 * 1024 * 1024;

/**
 * The content of a small object (detail, globals), compared with what pg_dump wrote. OBJECT_DAMAGED where it is another
 * one; a cipher and a decompressor speak of "it", so every problem gets the object's key.
 */
export async function readContent(sealed: Sealed, signal: AbortSignal): Promise<Buffer> {
  const { manifest, object } = sealed;
  const limit = Math.min(object.plaintextBytes, MOST_CONTENT_BYTES);
  return naming(object.key, async () => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of await openObject(sealed, signal)) {
      chunks.push(Buffer.from(chunk));
      bytes += chunks.at(-1)?.length ?? 0;
      if (bytes > limit) break;
    }
    const content = Buffer.concat(chunks);
    if (bytes !== object.plaintextBytes || sha256(content) !== object.plaintextSha256)
      fail("OBJECT_DAMAGED", `the content of ${object.key} in ${manifest.name} is not what was dumped`);
    return content;
  });
}

/** Runs `work`; its problems name this object. */
export async function naming<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DbopsError)) throw error;
    const named = (one: Problem): Problem =>
      one.detail.includes(key) ? one : { ...one, detail: `${key}: ${one.detail}` };
    throw new DbopsError(error.problems.map(named), error);
  }
}

/** Where this host's keys come from. */
export interface KeyRing {
  passphrase(database: string): Promise<Secret>;
  openingKeys(): Promise<OpeningKeys>;
}

/** What opens a backup; IDENTITY_MISSING, with `fix`, where this host declares nothing that could. */
export async function keysFor(manifest: Manifest, ring: KeyRing, fix: string): Promise<OpeningKeys> {
  if (manifest.encryption === "none") return { identities: [] };
  if (manifest.encryption === "age-passphrase")
    return { identities: [], passphrase: await ring.passphrase(manifest.database) };
  const keys = await ring.openingKeys();
  if (keys.identities.length > 0) return keys;
  const detail = `${manifest.name} is encrypted to ${recipientsOf(manifest)}, and this host declares no identity`;
  return fail("IDENTITY_MISSING", detail, { fix });
}

/** The fingerprints of who can open it, which `printf %s RECIPIENT | sha256sum` gives too; shortened. */
export function recipientsOf(manifest: Manifest): string {
  return manifest.recipients.map((one) => one.slice(0, "sha256:".length + 12)).join(", ");
}
