import type { Facts } from "../../model/audit-entry.ts";
import { folderOf, holdKey, MANIFEST, originKey } from "../../model/layout.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { UploadStep } from "../../model/step.ts";
import type { StepRun } from "../handler.ts";
import { renderHold } from "../hold.ts";
import { renderRestoreGuide } from "../restore-guide.ts";
import { writeOnce } from "../write-once.ts";

/** Everything behind the parts: the origin marker, a hold, RESTORE.md, and manifest.json last. Safe to call again. */
export async function finishBackup(step: UploadStep, manifest: Manifest, run: StepRun): Promise<Facts> {
  const store = run.ports.store(step.store);
  const folder = folderOf(manifest.name);
  await writeOnce(store, `${folder}${originKey(manifest.origin)}`, "", run.signal);
  if (step.hold !== null) {
    const hold = renderHold({ id: step.hold, reason: manifest.label, at: manifest.snapshotAt });
    await writeOnce(store, `${folder}${holdKey(step.hold)}`, hold, run.signal);
  }
  await writeOnce(store, `${folder}RESTORE.md`, restoreGuideOf(manifest), run.signal);
  await writeOnce(store, `${folder}${MANIFEST}`, renderManifest(manifest), run.signal);
  return uploadFacts(step, manifest);
}

export function restoreGuideOf(manifest: Manifest): string {
  return renderRestoreGuide(manifest);
}

function renderManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The facts of a finished upload: later steps find the backup by its name. */
function uploadFacts(step: UploadStep, manifest: Manifest): Facts {
  const bytes = manifest.objects.reduce((sum, object) => sum + object.bytes, 0);
  const plaintextBytes = manifest.objects.find((object) => object.role === "archive")?.plaintextBytes ?? 0;
  return { name: manifest.name, store: step.store, bytes, plaintextBytes, snapshotAt: manifest.snapshotAt };
}
