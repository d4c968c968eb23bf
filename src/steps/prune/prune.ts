import type { Facts } from "../../model/audit-entry.ts";
import { classicOriginPrefix, folderOf, parseBackupKey, parseClassicKey } from "../../model/layout.ts";
import type { PruneStep, PruneTarget } from "../../model/step.ts";
import { railsOf } from "../../policy/rails.ts";
import { planSizeRail } from "../../policy/size-rail.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import type { Problem } from "../../problems/problem.ts";
import type { Action, ProbeRun, Standing, StepRun } from "../handler.ts";
import { assertKeepers } from "./assert-keepers.ts";
import { assertSurvivors } from "./assert-survivors.ts";
import { type ListedObject, type Looks, lookAtStores } from "./look-at-stores.ts";

/**
 * Removes one backup, leftover or unfinished upload, and nothing that dbops does not know. The database is listed again under the lock, in all its stores, and
 * every rail is asked again; the manifest goes first, so that a deletion that breaks off leaves no backup that looks complete.
 */
export const prune: Action<PruneStep> = {
  shape: "action",
  guard: "lock",

  async probe(step: PruneStep, run: ProbeRun): Promise<Standing> {
    // The rails count on what the plan makes first; asked before that, they would refuse.
    const missing = step.needs.find((id) => run.journaled(id) === null);
    if (missing !== undefined) return { state: "waiting", for: missing };
    const found = await look(step, run);
    if (found.objects.length === 0 && !found.uploading)
      return {
        state: "done",
        evidence: `nothing of it that dbops wrote is left in store ${step.store}`,
        facts: { removed: 0 },
      };
    return found.refusal === null ? { state: "ready" } : { state: "blocked", problem: found.refusal };
  },

  async execute(step: PruneStep, run: StepRun): Promise<Facts> {
    const found = await look(step, run);
    if (found.refusal !== null) throw new DbopsError([found.refusal]);
    await assertSurvivors(step, found.looks.here.objects, run);
    await assertKeepers(step, found.looks, run);
    await run.assertHeld();
    return step.target.type === "upload"
      ? discardUpload(step, step.target, run)
      : removeObjects(step, found, run);
  },
};

interface Found {
  readonly looks: Looks;
  /** The objects to remove, the manifest first. */
  readonly objects: readonly ListedObject[];
  /** Keys in the backup's folder that dbops does not know: they stay. */
  readonly unknown: readonly string[];
  readonly uploading: boolean;
  readonly refusal: Problem | null;
}

async function look(step: PruneStep, run: ProbeRun): Promise<Found> {
  const looks = await lookAtStores(step, run);
  const { listing, objects: all } = looks.here;
  const { target } = step;
  const own = target.type === "upload" ? [] : objectsOf(target, all);
  const isUnknown = ({ key }: ListedObject) =>
    parseClassicKey(key) === null &&
    parseBackupKey(looks.context.environment, step.database, key).kind === "other";
  return {
    looks,
    objects: own.filter((one) => !isUnknown(one)),
    unknown: own.filter(isUnknown).map((one) => one.key),
    uploading:
      target.type === "upload" &&
      listing.uploads.some((one) => one.key === target.key && one.id === target.id),
    refusal: railsOf(listing, looks.context)(target) ?? planSizeRail(step, run.plan.steps, listing),
  };
}

/**
 * What belongs to the target: one layout only, since both may have a backup of one name. The manifest (or the runbook's
 * file) comes first, the rest by key. Where that first object is gone, a deletion broke off behind it; where it is another one,
 * all are named, and the rails refuse.
 */
function objectsOf(
  target: Exclude<PruneTarget, { type: "upload" }>,
  all: readonly ListedObject[],
): readonly ListedObject[] {
  const folder = folderOf(target.name);
  const manifest = `${folder}manifest.json`;
  const classic = `${target.name}.sql.gz.enc`;
  const first = new Set([manifest, classic]);
  const inFolder = all.filter(({ key }) => key.startsWith(folder));
  const isOrigin = (key: string) => key.startsWith(classicOriginPrefix(target.name));
  const classics = all.filter(({ key }) => key === classic || key === `${classic}.sha256` || isOrigin(key));
  const isThere = (key: string, etag?: string) =>
    all.some((one) => one.key === key && (etag === undefined || one.etag === etag));
  const parts = (): readonly ListedObject[] => {
    if (target.type === "leftover") return inFolder;
    if (isThere(manifest, target.expect.etag)) return inFolder;
    if (isThere(classic, target.expect.etag)) return classics;
    const rest = [...(isThere(manifest) ? [] : inFolder), ...(isThere(classic) ? [] : classics)];
    return rest.length > 0 ? rest : [...inFolder, ...classics]; // another one by now, not gone: the rails refuse it
  };
  return parts().toSorted(
    (a, b) => Number(first.has(b.key)) - Number(first.has(a.key)) || (a.key < b.key ? -1 : 1),
  );
}

async function removeObjects(step: PruneStep, { objects, unknown }: Found, run: StepRun): Promise<Facts> {
  const store = run.ports.store(step.store);
  let bytes = 0;
  for (const { key, etag, bytes: size } of objects) {
    // No signal of the run: a deletion that began is finished, it takes moments.
    const answer = await store.remove(key, { etag }, AbortSignal.timeout(60_000));
    if (answer === "locked")
      fail("PRUNE_REFUSED", `${key} is locked by the retention of store ${step.store} itself`);
    if (answer === "changed")
      fail("PLAN_STALE", `${key} changed while it was deleted`, {
        fix: `dbops plan ${run.plan.environment}`,
      });
    bytes += size;
  }
  const left = unknown.length === 0 ? {} : { left: unknown };
  return { store: step.store, removed: objects.length, bytes, ...left };
}

async function discardUpload(
  step: PruneStep,
  { key, id, startedAt }: Extract<PruneTarget, { type: "upload" }>,
  run: StepRun,
): Promise<Facts> {
  await run.ports.store(step.store).discard({ key, id, startedAt }, run.signal);
  return { store: step.store, discarded: key };
}
