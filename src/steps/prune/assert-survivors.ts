import { folderOf } from "../../model/layout.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { PruneStep } from "../../model/step.ts";
import { readManifest } from "../../ports/read-manifest.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { StepRun } from "../handler.ts";

/**
 * The backups that make a deletion safe must be complete by their own manifests, not only by their look: every object
 * that a survivor's manifest lists stands in the fresh listing with the right size. Throws PRUNE_REFUSED.
 */
export async function assertSurvivors(
  step: PruneStep,
  listed: readonly { readonly key: string; readonly bytes: number }[],
  run: StepRun,
): Promise<void> {
  if (step.target.type !== "backup") return;
  for (const name of step.target.expect.survivors) {
    if (listed.some(({ key }) => key === `${name}.sql.gz.enc`)) continue; // the runbook's layout has no manifest to compare with
    const { manifest } = await readManifest(run.ports.store(step.store), name, run.signal);
    const wrong = wrongIn(manifest, listed);
    if (wrong === null) continue;
    fail("PRUNE_REFUSED", `${name} has to survive in store ${step.store}, but ${wrong}`, {
      fix: `dbops plan ${run.plan.environment} backup ${step.database}`,
    });
  }
}

/** The first object of a manifest that a listing does not show with the right size, in words; null: all are right. */
export function wrongIn(
  manifest: Manifest,
  listed: readonly { readonly key: string; readonly bytes: number }[],
): string | null {
  const bytesOf = new Map(listed.map(({ key, bytes }) => [key, bytes]));
  const keyOf = (key: string) => `${folderOf(manifest.name)}${key}`;
  const wrong = manifest.objects.find((object) => bytesOf.get(keyOf(object.key)) !== object.bytes);
  if (wrong === undefined) return null;
  return `${wrong.key} has ${bytesOf.get(keyOf(wrong.key)) ?? "no"} bytes instead of ${wrong.bytes}`;
}
