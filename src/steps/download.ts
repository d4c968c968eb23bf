import { folderOf } from "../model/layout.ts";
import type { ManifestObject } from "../model/manifest.ts";
import { planAgain } from "../model/plan-again.ts";
import type { DownloadStep } from "../model/restore-steps.ts";
import { chain } from "../ports/stream/chain.ts";
import { intact } from "../ports/stream/intact.ts";
import type { Measure } from "../ports/stream/meter.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { problem } from "../problems/problem.ts";
import type { Artifact, Part, ProbeRun, Source, Standing, StepRun } from "./handler.ts";
import { type BackupSource, objectOf, openSource } from "./restore/backup-source.ts";
import { fromRestoreKnown } from "./restore/restore-known.ts";

/** Reads a backup's archive and detail out of one store; neither ends unless its stored bytes are the manifest's. */
export const download: Source<DownloadStep> = {
  shape: "source",
  guard: "restore",

  async probe(step: DownloadStep, run: ProbeRun): Promise<Standing> {
    await openSource(step, run);
    return { state: "ready" };
  },

  async open(step: DownloadStep, run: StepRun): Promise<Artifact> {
    const source = await openSource(step, run);
    const detail = await openPart(step, { source, object: objectOf(source.manifest, "detail") }, run);
    try {
      const archive = await openPart(step, { source, object: objectOf(source.manifest, "archive") }, run);
      return {
        known: fromRestoreKnown({ from: step.from, manifest: source.manifest, isPlain: false }),
        parts: [archive, detail],
        close: async () => undefined,
      };
    } catch (error) {
      detail.body.destroy();
      throw error;
    }
  },
};

async function openPart(
  step: DownloadStep,
  { source, object }: { source: BackupSource; object: ManifestObject },
  run: StepRun,
): Promise<Part> {
  const key = `${folderOf(step.backup)}${object.key}`;
  const stored = intact(object, {
    damaged: (found) => damaged(step, { key, object, found }, run),
    ...(object.role === "archive" ? { onProgress: (bytes) => run.progress(bytes, object.bytes) } : {}),
  });
  const body = chain(await source.store.read(key, null, run.signal), stored.through);
  return { name: object.role, body, facts: stored.measure.then(() => ({})).catch(() => ({})) };
}

function damaged(
  step: DownloadStep,
  { key, object, found }: { key: string; object: ManifestObject; found: Measure },
  run: StepRun,
): DbopsError {
  const detail = `${key} in store ${step.store} has ${difference(object, found)}`;
  const again = `${planAgain(run.plan, run.ports.environment, { without: ["store"] })} --store STORE`;
  const fix = `restore it out of another store, or another backup:\ndbops backups ${step.from}\n${again}`;
  return new DbopsError([problem("OBJECT_DAMAGED", detail, { fix, final: true })]);
}

function difference(meant: Measure, found: Measure): string {
  if (found.bytes > meant.bytes) return `more than ${meant.bytes} bytes`;
  return found.bytes < meant.bytes
    ? `${found.bytes} bytes instead of ${meant.bytes}`
    : `SHA-256 ${found.sha256} instead of ${meant.sha256}`;
}
