import type { Facts } from "../../model/audit-entry.ts";
import { folderOf, MANIFEST } from "../../model/layout.ts";
import type { Manifest } from "../../model/manifest.ts";
import { parseManifest } from "../../model/parse-manifest.ts";
import type { UploadStep } from "../../model/step.ts";
import type { ObjectInfo, ObjectStore } from "../../ports/object-store.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import type { StepRun } from "../handler.ts";
import { finishBackup } from "./finish-backup.ts";

/** Completes what an earlier attempt had sealed and committed; clears away anything less and returns null. */
export async function recoverBackup(step: UploadStep, run: StepRun): Promise<Facts | null> {
  const { name, sealed } = readNotes(run.journaled(step.id));
  if (name === null) return null;
  const store = run.ports.store(step.store);
  const objects = await listFolder(store, folderOf(name), run.signal);
  if (sealed !== null && partsAreThere(sealed, objects)) return finishBackup(step, sealed, run);
  await clearFolder(store, folderOf(name), objects, run.signal);
  return null;
}

function readNotes(facts: Facts | null): { name: string | null; sealed: Manifest | null } {
  const name = facts?.["bound"];
  const sealed = facts?.["sealed"];
  return {
    name: typeof name === "string" ? name : null,
    sealed: sealed === null || sealed === undefined ? null : parseManifest(JSON.stringify(sealed)),
  };
}

function partsAreThere(sealed: Manifest, objects: readonly ObjectInfo[]): boolean {
  const folder = folderOf(sealed.name);
  const bytesOf = new Map(objects.map((object) => [object.key, object.bytes]));
  return sealed.objects
    .filter((object) => object.role !== "restore-guide")
    .every((object) => bytesOf.get(`${folder}${object.key}`) === object.bytes);
}

async function listFolder(
  store: ObjectStore,
  folder: string,
  signal: AbortSignal,
): Promise<readonly ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const info of store.list(folder, {}, signal)) objects.push(info);
  return objects;
}

async function clearFolder(
  store: ObjectStore,
  folder: string,
  objects: readonly ObjectInfo[],
  signal: AbortSignal,
): Promise<void> {
  if (objects.some((object) => object.key === `${folder}${MANIFEST}`))
    fail("OBJECT_DAMAGED", `${folder} has a manifest, but not the objects that were sealed`, {
      fix: "dbops backups",
    });
  for await (const upload of store.unfinished(folder, signal)) await store.discard(upload, signal);
  for (const { key, etag } of objects) {
    const answer = await store.remove(key, { etag }, signal).catch(asForbidden);
    // What must stay is only a leftover: it has no manifest, the new attempt has another name, and a host that may delete
    // clears it later.
    if (answer === "changed")
      fail("OBJECT_EXISTS", `${key} changed while it was cleared: another run is at work`);
  }
}

/** A host that only writes may not delete: the same to it as what the store's own retention keeps. */
function asForbidden(error: unknown): "locked" {
  if (error instanceof DbopsError && error.is("STORE_UNWRITABLE")) return "locked";
  throw error;
}
