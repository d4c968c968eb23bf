import type { Readable } from "node:stream";
import { folderOf } from "../model/layout.ts";
import type { Manifest, ManifestObject } from "../model/manifest.ts";
import type { Secret } from "../model/secret.ts";
import { fail } from "../problems/dbops-error.ts";
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
  const recipients = manifest.recipients.map((one) => one.slice(0, "sha256:".length + 12)).join(", ");
  return fail(
    "IDENTITY_MISSING",
    `${manifest.name} is encrypted to ${recipients}, and this host declares no identity`,
    { fix },
  );
}
