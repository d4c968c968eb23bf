import { parseClassicMark } from "../../model/classic-mark.ts";
import { classicDigestKey, classicKey, classicOriginPrefix, folderOf, MANIFEST } from "../../model/layout.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { PruneStep } from "../../model/step.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { readDigest } from "../../ports/open-classic.ts";
import { readManifest } from "../../ports/read-manifest.ts";
import { readText } from "../../ports/read-object.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { StepRun } from "../handler.ts";

/**
 * The backups that make a deletion safe must be complete by their own manifests, not only by their look: every object
 * that a survivor's manifest lists stands in the fresh listing with the right size. A file of the runbook's layout has the size and
 * the checksum that its origin marker tells; of the scripts' files nothing tells more than their checksum. Throws PRUNE_REFUSED.
 */
export async function assertSurvivors(step: PruneStep, listed: Listed, run: StepRun): Promise<void> {
  if (step.target.type !== "backup") return;
  for (const name of step.target.expect.survivors) {
    const isClassic = !listed.some(({ key }) => key === `${folderOf(name)}${MANIFEST}`);
    const store = run.ports.store(step.store);
    const wrong = isClassic
      ? await wrongInClassic(name, listed, { store, signal: run.signal })
      : wrongIn((await readManifest(store, name, run.signal)).manifest, listed);
    if (wrong === null) continue;
    fail("PRUNE_REFUSED", `${name} has to survive in store ${step.store}, but ${wrong}`, {
      fix: `dbops plan ${run.plan.environment} backup ${step.database}`,
    });
  }
}

type Listed = readonly { readonly key: string; readonly bytes: number }[];

async function wrongInClassic(
  name: string,
  listed: Listed,
  { store, signal }: { readonly store: ObjectStore; readonly signal: AbortSignal },
): Promise<string | null> {
  const [file, checksum] = [classicKey(name), classicDigestKey(name)];
  const digest = await readDigest(store, checksum, signal);
  const marker = listed.find(({ key }) => key.startsWith(classicOriginPrefix(name)));
  if (marker === undefined) return null;
  const mark = parseClassicMark(await readText(store, marker.key, signal));
  if (mark === null) return `${marker.key} does not say what it is`;
  const bytes = listed.find(({ key }) => key === file)?.bytes;
  if (bytes !== mark.bytes) return `${file} has ${bytes ?? "no"} bytes instead of ${mark.bytes}`;
  return digest === mark.sha256 ? null : `${checksum} is another one than ${marker.key} tells`;
}

/** The first object of a manifest that a listing does not show with the right size, in words; null: all are right. */
export function wrongIn(manifest: Manifest, listed: Listed): string | null {
  const bytesOf = new Map(listed.map(({ key, bytes }) => [key, bytes]));
  const keyOf = (key: string) => `${folderOf(manifest.name)}${key}`;
  const wrong = manifest.objects.find((object) => bytesOf.get(keyOf(object.key)) !== object.bytes);
  if (wrong === undefined) return null;
  return `${wrong.key} has ${bytesOf.get(keyOf(wrong.key)) ?? "no"} bytes instead of ${wrong.bytes}`;
}
