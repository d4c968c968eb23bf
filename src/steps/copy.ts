import type { Facts } from "../model/audit-entry.ts";
import { folderOf, MANIFEST, originKey } from "../model/layout.ts";
import { isPinKey } from "../model/made-database.ts";
import type { Manifest, ManifestObject } from "../model/manifest.ts";
import type { CopyStep } from "../model/step.ts";
import type { ObjectInfo, ObjectStore } from "../ports/object-store.ts";
import { readManifest } from "../ports/read-manifest.ts";
import { readText } from "../ports/read-object.ts";
import { chain } from "../ports/stream/chain.ts";
import { intact } from "../ports/stream/intact.ts";
import { DbopsError, fail } from "../problems/dbops-error.ts";
import { problem } from "../problems/problem.ts";
import { makerOf, resolveName } from "./backup-facts.ts";
import { ANOTHER_STORE, copyClassic, standingOfClassic } from "./copy-classic.ts";
import type { Action, ProbeRun, Standing, StepRun } from "./handler.ts";
import { orMissing } from "./or-missing.ts";
import { writeOnce } from "./write-once.ts";

/**
 * Brings a complete backup into another store, byte for byte; an object commits only when its SHA-256 is the manifest's, the
 * runbook's file when it is that of the checksum beside it.
 */
export const copy: Action<CopyStep> = {
  shape: "action",
  guard: "lease",

  async probe(step: CopyStep, run: ProbeRun): Promise<Standing> {
    const name = resolveName(step.backup, run);
    if (name === null) return { state: "waiting", for: makerOf(step.backup) };
    if (step.layout === "classic") return orMissing(ANOTHER_STORE, () => standingOfClassic(step, name, run));
    const { text } = await orMissing(ANOTHER_STORE, () =>
      readManifest(run.ports.store(step.from), name, run.signal),
    );
    const target = run.ports.store(step.to);
    if ((await target.head(`${folderOf(name)}${MANIFEST}`, run.signal)) === null) return { state: "ready" };
    if ((await readText(target, `${folderOf(name)}${MANIFEST}`, run.signal)) === text)
      return {
        state: "done",
        evidence: `store ${step.to} has the same manifest`,
        facts: { name, store: step.to },
      };
    const detail = `store ${step.to} has another backup with the name ${name}`;
    return { state: "blocked", problem: problem("OBJECT_EXISTS", detail, { fix: "dbops backups" }) };
  },

  async execute(step: CopyStep, run: StepRun): Promise<Facts> {
    const name = resolveName(step.backup, run) ?? fail("INTERNAL", `${step.id} has no backup`);
    if (step.layout === "classic") return orMissing(ANOTHER_STORE, () => copyClassic(step, name, run));
    const from = run.ports.store(step.from);
    const to = run.ports.store(step.to);
    const { manifest, text } = await readManifest(from, name, run.signal);
    const total = manifest.objects.reduce((sum, object) => sum + object.bytes, 0);
    await orMissing(ANOTHER_STORE, () => copyObjects({ from, to, manifest }, total, run));
    await copyMarkers({ from, to, manifest }, run.signal);
    await writeOnce(to, `${folderOf(name)}${MANIFEST}`, text, run.signal);
    return { name, store: step.to, bytes: total };
  },
};

interface Copying {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  readonly manifest: Manifest;
}

/** What arrived whole stays for the next attempt when one fails; of a backup that is damaged at its source nothing stays. */
async function copyObjects(copying: Copying, total: number, run: StepRun): Promise<void> {
  const arrived: ObjectInfo[] = [];
  let doneBytes = 0;
  try {
    for (const object of copying.manifest.objects) {
      const before = doneBytes;
      const progress = (bytes: number) => run.progress(before + bytes, total);
      const info = await copyObject({ ...copying, object }, { ...run, progress });
      if (info !== null) arrived.push(info);
      doneBytes += object.bytes;
    }
  } catch (error) {
    if (error instanceof DbopsError && (error.is("OBJECT_DAMAGED") || error.is("OBJECT_MISSING")))
      for (const { key, etag } of arrived) await copying.to.remove(key, { etag }, run.signal);
    throw error;
  }
}

/** null: an earlier attempt brought it. */
async function copyObject(
  { from, to, manifest, object }: Copying & { object: ManifestObject },
  run: StepRun,
): Promise<ObjectInfo | null> {
  const key = `${folderOf(manifest.name)}${object.key}`;
  const there = await to.head(key, run.signal);
  if (there !== null && there.bytes === object.bytes) return null; // an earlier attempt; its bytes are read by the verify behind
  if (there !== null)
    fail("OBJECT_EXISTS", `${key} exists already with ${there.bytes} bytes instead of ${object.bytes}`);
  const passed = intact(object, { damaged: () => damaged(key), onProgress: run.progress });
  const body = chain(await from.read(key, null, run.signal), passed.through);
  const answer = await to.write(key, body, { estimatedBytes: object.bytes }, run.signal);
  if (answer === "exists")
    return fail("OBJECT_EXISTS", `${key} appeared while it was copied: another run copies it too`);
  return answer;
}

function damaged(key: string): DbopsError {
  const detail = `${key} in the store to copy from is not what its manifest says`;
  return new DbopsError([problem("OBJECT_DAMAGED", detail, { fix: ANOTHER_STORE })]);
}

/** The origin and the holds but a restore's; proofs are made per store. */
async function copyMarkers({ from, to, manifest }: Copying, signal: AbortSignal): Promise<void> {
  const folder = folderOf(manifest.name);
  await writeOnce(to, `${folder}${originKey(manifest.origin)}`, "", signal);
  for await (const { key } of from.list(`${folder}hold/`, {}, signal)) {
    if (isPinKey(key)) continue; // its restore ends it only where it reads
    if ((await to.head(key, signal)) !== null) continue; // a hold of that name holds it there too
    await writeOnce(to, key, await readText(from, key, signal), signal);
  }
}
