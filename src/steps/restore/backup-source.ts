import type { BackupDetail } from "../../model/archive-contents.ts";
import { classicDigestKey, classicKey, folderOf, MANIFEST } from "../../model/layout.ts";
import type { Manifest, ManifestObject, ObjectRole } from "../../model/manifest.ts";
import { parseDetail } from "../../model/parse-detail.ts";
import { planAgain } from "../../model/plan-again.ts";
import type { DownloadStep } from "../../model/restore-steps.ts";
import type { ObjectInfo, ObjectStore } from "../../ports/object-store.ts";
import { readDigest } from "../../ports/open-classic.ts";
import { keysFor, readContent } from "../../ports/open-object.ts";
import { readManifest } from "../../ports/read-manifest.ts";
import { readMark } from "../../ports/read-mark.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { BackupPorts, ProbeRun } from "../handler.ts";
import { orMissing } from "../or-missing.ts";

/** The backup that a plan restores, where it lies. */
export type BackupSource = ArchiveSource | PlainSource;

interface Source {
  readonly ports: BackupPorts;
  readonly store: ObjectStore;
}

export interface ArchiveSource extends Source {
  readonly layout: "directory";
  readonly manifest: Manifest;
}

/** The runbook's file. */
export interface PlainSource extends Source {
  readonly layout: "classic";
  readonly key: string;
  readonly bytes: number;
  /** As planned, and as the checksum beside it still says; lower-case hex. */
  readonly sha256: string;
}

/** Throws PLAN_STALE when the manifest (classic: the file, or its checksum) is not the one that was planned, OBJECT_MISSING when it is gone. */
export async function openSource(step: DownloadStep, run: ProbeRun): Promise<BackupSource> {
  if (step.layout !== "classic") return openArchive(step, run);
  const source = await sourceOf(step, run);
  return { layout: "classic", ...source, ...(await plannedFile(step, source.store, run)) };
}

/** As `openSource`, of a step that reads a backup of dbops' own layout. */
export async function openArchive(step: DownloadStep, run: ProbeRun): Promise<ArchiveSource> {
  const source = await sourceOf(step, run);
  return { layout: "directory", ...source, manifest: await plannedManifest(step, source.store, run) };
}

async function sourceOf(step: DownloadStep, run: ProbeRun): Promise<Source> {
  const ports = await portsOf(step.from, run);
  const { environment } = ports;
  if (!environment.stores.some((one) => one.name === step.store))
    fail("PLAN_STALE", `${environment.file} does not declare store ${step.store} any more`, {
      fix: planAgain(run.plan, run.ports.environment, { without: ["store"] }),
    });
  const store = ports.store(step.store);
  // The stores of this environment are looked at before a plan begins; those of another one only here.
  if (step.from !== run.plan.environment)
    await readMark(store, { environment: step.from, store: step.store }, run.signal);
  return { ports, store };
}

/** Of the environment that the backup is from. */
export async function portsOf(from: string, run: ProbeRun): Promise<BackupPorts> {
  return from === run.plan.environment ? run.ports : run.ports.elsewhere(from);
}

async function plannedManifest(step: DownloadStep, store: ObjectStore, run: ProbeRun): Promise<Manifest> {
  const fix = planAgain(run.plan, run.ports.environment, { without: ["store"] });
  await plannedObject(step, `${folderOf(step.backup)}${MANIFEST}`, { store, fix, run });
  const { manifest } = await orMissing(fix, () => readManifest(store, step.backup, run.signal));
  if (manifest.environment !== step.from)
    fail("PLAN_STALE", `${step.backup} is a backup of ${manifest.environment}, not of ${step.from}`, { fix });
  return manifest;
}

/** Both as they were: whoever replaces the file can replace its checksum as well. */
async function plannedFile(
  step: DownloadStep,
  store: ObjectStore,
  run: ProbeRun,
): Promise<Pick<PlainSource, "key" | "bytes" | "sha256">> {
  const fix = planAgain(run.plan, run.ports.environment, { without: ["store"] });
  const key = classicKey(step.backup);
  const { bytes } = await plannedObject(step, key, { store, fix, run });
  const digestKey = classicDigestKey(step.backup);
  const sha256 = await orMissing(fix, () => readDigest(store, digestKey, run.signal));
  if (sha256 !== step.expect.sha256)
    fail("PLAN_STALE", `${digestKey} in store ${step.store} says another SHA-256 than when it was planned`, {
      fix,
    });
  return { key, bytes, sha256 };
}

async function plannedObject(
  step: DownloadStep,
  key: string,
  { store, fix, run }: { readonly store: ObjectStore; readonly fix: string; readonly run: ProbeRun },
): Promise<ObjectInfo> {
  const info = await store.head(key, run.signal);
  if (info === null)
    return fail("OBJECT_MISSING", `${key} is not in store ${step.store} any more`, { fix, final: true });
  if (info.etag !== step.expect.etag)
    fail("PLAN_STALE", `${key} in store ${step.store} is not the one that the plan was made for`, { fix });
  return info;
}

/** A manifest has one object for each role, or it would not have been parsed. */
export function objectOf(manifest: Manifest, role: ObjectRole): ManifestObject {
  const found = manifest.objects.find((one) => one.role === role);
  return found ?? fail("MANIFEST_INVALID", `${manifest.name} has no ${role}`);
}

/** Reads, opens and compares the small object that tells what stood in the database. */
export async function readDetail(source: Omit<ArchiveSource, "layout">, run: ProbeRun): Promise<string> {
  const { ports, store, manifest } = source;
  const keys = await keysFor(manifest, ports, `add identities: [{ file: … }] to ${ports.environment.file}`);
  const object = objectOf(manifest, "detail");
  const { cipher } = run.ports;
  return (await readContent({ store, cipher, keys, manifest, object }, run.signal)).toString("utf8");
}

/** What a restore needs of it; MANIFEST_INVALID where it cannot be understood. */
export function understoodDetail(text: string, manifest: Manifest): BackupDetail {
  const detail = parseDetail(text);
  if (!("fault" in detail)) return detail;
  const { key } = objectOf(manifest, "detail");
  return fail("MANIFEST_INVALID", `${key} cannot be understood: ${detail.fault}`, {
    fix: "use another backup, or restore this one by hand as its RESTORE.md says",
  });
}
