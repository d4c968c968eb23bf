import { folderOf } from "../../model/layout.ts";
import type { PruneStep } from "../../model/step.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { StepRun } from "../handler.ts";
import { readManifest } from "../read-manifest.ts";

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
  const bytesOf = new Map(listed.map(({ key, bytes }) => [key, bytes]));
  for (const name of step.target.expect.survivors) {
    if (bytesOf.has(`${name}.sql.gz.enc`)) continue; // the runbook's layout has no manifest to compare with
    const { manifest } = await readManifest(run.ports.store(step.store), name, run.signal);
    const wrong = manifest.objects.find(
      (object) => bytesOf.get(`${folderOf(name)}${object.key}`) !== object.bytes,
    );
    if (wrong === undefined) continue;
    const found = bytesOf.get(`${folderOf(name)}${wrong.key}`) ?? "no";
    fail(
      "PRUNE_REFUSED",
      `${name} has to survive in store ${step.store}, but ${wrong.key} has ${found} bytes instead of ${wrong.bytes}`,
      {
        fix: `dbops plan ${run.plan.environment} backup ${step.database}`,
      },
    );
  }
}
