import { folderOf } from "../../model/layout.ts";
import type { Manifest, ManifestObject } from "../../model/manifest.ts";
import type { VerifyBackupStep } from "../../model/step.ts";
import { chain } from "../../ports/stream/chain.ts";
import { meter } from "../../ports/stream/meter.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { StepRun } from "../handler.ts";

/** Reads every object of the manifest to its end; resolves with the bytes read, throws OBJECT_MISSING or OBJECT_DAMAGED. */
export async function verifyObjects(
  step: VerifyBackupStep,
  manifest: Manifest,
  run: StepRun,
): Promise<number> {
  let doneBytes = 0;
  for (const object of manifest.objects) {
    const before = doneBytes;
    await verifyObject(
      step,
      { manifest, object },
      { ...run, progress: (bytes) => run.progress(before + bytes) },
    );
    doneBytes += object.bytes;
  }
  return doneBytes;
}

async function verifyObject(
  step: VerifyBackupStep,
  { manifest, object }: { manifest: Manifest; object: ManifestObject },
  run: StepRun,
): Promise<void> {
  const key = `${folderOf(manifest.name)}${object.key}`;
  const stored = meter((bytes) => run.progress(bytes));
  const body = chain(await run.ports.store(step.store).read(key, null, run.signal), stored.through);
  for await (const _ of body); // the meter sees every byte
  const found = await stored.measure;
  const at = { key, environment: manifest.environment };
  if (found.bytes !== object.bytes) damaged(step, at, `${found.bytes} bytes instead of ${object.bytes}`);
  if (found.sha256 !== object.sha256)
    damaged(step, at, `SHA-256 ${found.sha256} instead of ${object.sha256}`);
}

function damaged(
  step: VerifyBackupStep,
  { key, environment }: { key: string; environment: string },
  what: string,
): never {
  fail("OBJECT_DAMAGED", `${key} in store ${step.store} has ${what}`, {
    fix: `dbops plan ${environment} backup ${step.database}`,
  });
}
