import type { Manifest } from "../../model/manifest.ts";
import type { VerifyBackupStep } from "../../model/step.ts";
import { keysFor, naming, openObject } from "../../ports/open-object.ts";
import { chain } from "../../ports/stream/chain.ts";
import { meter } from "../../ports/stream/meter.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { StepRun } from "../handler.ts";

/**
 * Decrypts and decompresses every object, compares it with what pg_dump wrote, and has pg_restore list the archive.
 * Resolves with the number of the archive's entries.
 */
export async function verifyContent(
  step: VerifyBackupStep,
  manifest: Manifest,
  run: StepRun,
): Promise<number> {
  const { cipher } = run.ports;
  const store = run.ports.store(step.store);
  const file = `environments/${manifest.environment}.yaml`;
  const fix = `add identities: [{ file: … }] to ${file}, or verify without --deep`;
  const keys = await keysFor(manifest, run.ports, fix);
  let entries = 0;
  for (const object of manifest.objects) {
    if (object.role === "restore-guide") continue; // never encrypted; its stored bytes are compared already
    const plain = meter();
    const body = chain(
      await openObject({ store, cipher, keys, manifest, object }, run.signal),
      plain.through,
    );
    await naming(object.key, async () => {
      if (object.role === "archive")
        entries = await run.ports.archiveLister.countEntries(body, manifest.tools.pgDump, run.signal);
      else for await (const _ of body); // the meter sees every byte
    });
    const found = await plain.measure;
    if (found.bytes !== object.plaintextBytes || found.sha256 !== object.plaintextSha256)
      fail("OBJECT_DAMAGED", `the content of ${object.key} in ${manifest.name} is not what was dumped`, {
        fix: `dbops plan ${manifest.environment} backup ${step.database}`,
      });
  }
  return entries;
}
