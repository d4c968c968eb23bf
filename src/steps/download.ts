import { folderOf } from "../model/layout.ts";
import type { ManifestObject } from "../model/manifest.ts";
import { planAgain } from "../model/plan-again.ts";
import type { DownloadStep } from "../model/restore-steps.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { chain } from "../ports/stream/chain.ts";
import { intact } from "../ports/stream/intact.ts";
import type { Measure } from "../ports/stream/meter.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { problem } from "../problems/problem.ts";
import type { Artifact, Part, ProbeRun, Source, Standing, StepRun } from "./handler.ts";
import { type ArchiveSource, objectOf, openSource, type PlainSource } from "./restore/backup-source.ts";
import { fromRestoreKnown } from "./restore/restore-known.ts";

/**
 * Reads a backup's archive and detail, or the runbook's file, out of one store; none ends unless its stored bytes are those of the
 * manifest, or of the checksum.
 */
export const download: Source<DownloadStep> = {
  shape: "source",
  guard: "restore",

  async probe(step: DownloadStep, run: ProbeRun): Promise<Standing> {
    await openSource(step, run);
    return { state: "ready" };
  },

  async open(step: DownloadStep, run: StepRun): Promise<Artifact> {
    const source = await openSource(step, run);
    if (source.layout === "classic") return openFile(step, source, run);
    const detail = await openPart(step, { source, object: objectOf(source.manifest, "detail") }, run);
    try {
      const archive = await openPart(step, { source, object: objectOf(source.manifest, "archive") }, run);
      return {
        known: fromRestoreKnown({
          layout: "directory",
          from: step.from,
          manifest: source.manifest,
          isPlain: false,
        }),
        parts: [archive, detail],
        close: async () => undefined,
      };
    } catch (error) {
      detail.body.destroy();
      throw error;
    }
  },
};

async function openFile(step: DownloadStep, source: PlainSource, run: StepRun): Promise<Artifact> {
  const { store, key, bytes, sha256 } = source;
  const file = await openObject(step, { store, key, name: "archive", meant: { bytes, sha256 } }, run);
  return {
    known: fromRestoreKnown({ layout: "classic", from: step.from, backup: step.backup, isPlain: false }),
    parts: [file],
    close: async () => undefined,
  };
}

function openPart(
  step: DownloadStep,
  { source, object }: { source: ArchiveSource; object: ManifestObject },
  run: StepRun,
): Promise<Part> {
  const key = `${folderOf(step.backup)}${object.key}`;
  return openObject(step, { store: source.store, key, name: object.role, meant: object }, run);
}

interface Stored {
  readonly store: ObjectStore;
  readonly key: string;
  readonly name: string;
  readonly meant: Measure;
}

async function openObject(
  step: DownloadStep,
  { store, key, name, meant }: Stored,
  run: StepRun,
): Promise<Part> {
  const stored = intact(meant, {
    damaged: (found) => damaged(step, { key, meant, found }, run),
    ...(name === "archive" ? { onProgress: (bytes) => run.progress(bytes, meant.bytes) } : {}),
  });
  const body = chain(await store.read(key, null, run.signal), stored.through);
  return { name, body, facts: stored.measure.then(() => ({})).catch(() => ({})) };
}

function damaged(
  step: DownloadStep,
  { key, meant, found }: { key: string; meant: Measure; found: Measure },
  run: StepRun,
): DbopsError {
  const detail = `${key} in store ${step.store} has ${difference(meant, found)}`;
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
