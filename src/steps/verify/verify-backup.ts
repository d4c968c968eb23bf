import type { Facts } from "../../model/audit-entry.ts";
import type { VerifyBackupStep } from "../../model/step.ts";
import { readManifest } from "../../ports/read-manifest.ts";
import { fail } from "../../problems/dbops-error.ts";
import { makerOf, resolveName } from "../backup-facts.ts";
import type { ProbeRun, Standing, StepRun } from "../handler.ts";
import { orMissing } from "../or-missing.ts";
import type { Variant } from "./variant.ts";
import { verifyContent } from "./verify-content.ts";
import { verifyObjects } from "./verify-objects.ts";

/** Reads every stored byte of a backup and compares it with the manifest; `deep` also decrypts and lists the archive. */
export const verifyBackup: Variant<VerifyBackupStep> = {
  async probe(step: VerifyBackupStep, run: ProbeRun): Promise<Standing> {
    const name = resolveName(step.backup, run);
    if (name === null) return { state: "waiting", for: makerOf(step.backup) };
    const store = run.ports.store(step.store);
    await orMissing(anotherBackup(step, run), () => readManifest(store, name, run.signal));
    return { state: "ready" };
  },

  async execute(step: VerifyBackupStep, run: StepRun): Promise<Facts> {
    const name = resolveName(step.backup, run) ?? fail("INTERNAL", `${step.id} has no backup`);
    return orMissing(anotherBackup(step, run), () => readBackup(step, name, run));
  },
};

/** What is left to do when a backup turns out not to be whole. */
function anotherBackup(step: VerifyBackupStep, run: ProbeRun): string {
  return `dbops plan ${run.plan.environment} backup ${step.database}`;
}

async function readBackup(step: VerifyBackupStep, name: string, run: StepRun): Promise<Facts> {
  const { manifest } = await readManifest(run.ports.store(step.store), name, run.signal);
  const total = manifest.objects.reduce((sum, object) => sum + object.bytes, 0);
  const bytes = await verifyObjects(step, manifest, {
    ...run,
    progress: (done) => run.progress(done, total),
  });
  const facts = { name, store: step.store, objects: manifest.objects.length, bytes };
  return step.deep ? { ...facts, entries: await verifyContent(step, manifest, run) } : facts;
}
