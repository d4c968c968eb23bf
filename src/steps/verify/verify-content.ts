import type { Readable } from "node:stream";
import { folderOf } from "../../model/layout.ts";
import type { Manifest, ManifestObject } from "../../model/manifest.ts";
import type { VerifyStep } from "../../model/step.ts";
import type { OpeningKeys } from "../../ports/cipher.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import type { Problem } from "../../problems/problem.ts";
import type { StepRun } from "../handler.ts";
import { chain } from "../stream/chain.ts";
import { meter } from "../stream/meter.ts";
import { decompress } from "../stream/zstd.ts";

/**
 * Decrypts and decompresses every object, compares it with what pg_dump wrote, and has pg_restore list the archive.
 * Resolves with the number of the archive's entries.
 */
export async function verifyContent(step: VerifyStep, manifest: Manifest, run: StepRun): Promise<number> {
  const keys = await openingKeys(step, manifest, run);
  let entries = 0;
  for (const object of manifest.objects) {
    if (object.role === "restore-guide") continue; // never encrypted; its stored bytes are compared already
    const plain = meter();
    const body = chain(await openObject(step, { manifest, object, keys }, run), plain.through);
    try {
      if (object.role === "archive")
        entries = await run.ports.archiveLister.countEntries(body, manifest.tools.pgDump, run.signal);
      else for await (const _ of body); // the meter sees every byte
    } catch (error) {
      throw about(object.key, error);
    }
    const found = await plain.measure;
    if (found.bytes !== object.plaintextBytes || found.sha256 !== object.plaintextSha256)
      fail("OBJECT_DAMAGED", `the content of ${object.key} in ${manifest.name} is not what was dumped`, {
        fix: `dbops plan ${manifest.environment} backup ${step.database}`,
      });
  }
  return entries;
}

/** A cipher and a decompressor speak of "it". */
function about(key: string, error: unknown): unknown {
  if (!(error instanceof DbopsError)) return error;
  const named = (one: Problem): Problem =>
    one.detail.includes(key) ? one : { ...one, detail: `${key}: ${one.detail}` };
  return new DbopsError(error.problems.map(named), error);
}

async function openingKeys(step: VerifyStep, manifest: Manifest, run: StepRun): Promise<OpeningKeys> {
  if (manifest.encryption === "age-passphrase")
    return { identities: [], passphrase: await run.ports.passphrase(step.database) };
  const keys = await run.ports.openingKeys();
  if (manifest.encryption === "age" && keys.identities.length === 0)
    return fail("IDENTITY_MISSING", `${manifest.name} is encrypted, and this host declares no identity`, {
      fix: `add identities: [{ file: … }] to environments/${manifest.environment}.yaml, or verify without --deep`,
    });
  return keys;
}

async function openObject(
  step: VerifyStep,
  { manifest, object, keys }: { manifest: Manifest; object: ManifestObject; keys: OpeningKeys },
  run: StepRun,
): Promise<Readable> {
  const key = `${folderOf(manifest.name)}${object.key}`;
  const stored = await run.ports.store(step.store).read(key, null, run.signal);
  const opened = manifest.encryption === "none" ? stored : run.ports.cipher.decrypt(stored, keys);
  const compressed = manifest.compression !== "none" && object.role !== "detail";
  return compressed ? decompress(opened) : opened;
}
