import type { Facts } from "../../model/audit-entry.ts";
import { folderOf, STORE_MARK } from "../../model/layout.ts";
import type { Listing } from "../../model/observation.ts";
import type { PruneStep, PruneTarget } from "../../model/step.ts";
import { railsOf } from "../../policy/rails.ts";
import { listBackups } from "../../ports/list-backups.ts";
import type { ObjectInfo } from "../../ports/object-store.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import type { Problem } from "../../problems/problem.ts";
import type { Action, ProbeRun, Standing, StepRun } from "../handler.ts";
import { assertSurvivors } from "./assert-survivors.ts";

/**
 * Removes one backup, leftover or unfinished upload. The database is listed again under the lock and every rail is asked
 * again; the manifest goes first, so that a deletion that breaks off leaves no backup that looks complete.
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
        evidence: `nothing of it is left in store ${step.store}`,
        facts: { removed: 0 },
      };
    return found.refusal === null ? { state: "ready" } : { state: "blocked", problem: found.refusal };
  },

  async execute(step: PruneStep, run: StepRun): Promise<Facts> {
    const found = await look(step, run);
    if (found.refusal !== null) throw new DbopsError([found.refusal]);
    await assertSurvivors(step, found.all, run);
    await run.assertHeld();
    return step.target.type === "upload"
      ? discardUpload(step, step.target, run)
      : removeObjects(step, found.objects, run);
  },
};

interface Found {
  /** Every object of the database in this store. */
  readonly all: readonly ListedObject[];
  /** The objects to remove, the manifest first. */
  readonly objects: readonly ListedObject[];
  readonly uploading: boolean;
  readonly refusal: Problem | null;
}

type ListedObject = Pick<ObjectInfo, "key" | "bytes" | "etag">;

async function look(step: PruneStep, run: ProbeRun): Promise<Found> {
  const { environment } = run.ports;
  const store = run.ports.store(step.store);
  const mark = await store.head(STORE_MARK, run.signal);
  if (mark === null) fail("STORE_UNMARKED", `store ${step.store} has lost its ${STORE_MARK}`);
  const of = { environment: environment.name, database: step.database };
  const { backups, objects: all } = await listBackups(store, of, run.signal);
  const uploads = [];
  for await (const upload of store.unfinished(`${step.database}/`, run.signal)) uploads.push(upload);
  const listing: Listing = { state: "listed", backups, uploads };
  const declared = environment.databases.find((one) => one.name === step.database);
  const policy = declared?.backup.stores.find((one) => one.store === step.store);
  const context = { ...of, store: step.store, retention: policy?.retention ?? null, clockAt: mark.readAt };
  const { target } = step;
  return {
    all,
    objects: target.type === "upload" ? [] : objectsOf(target, all),
    uploading:
      target.type === "upload" && uploads.some((one) => one.key === target.key && one.id === target.id),
    refusal: railsOf(listing, context)(target),
  };
}

/** What belongs to a backup, of either layout; the manifest (or the runbook's file) first, the rest by key. */
function objectsOf(
  target: Exclude<PruneTarget, { type: "upload" }>,
  all: readonly ListedObject[],
): readonly ListedObject[] {
  const folder = folderOf(target.name);
  const classic = `${target.name}.sql.gz.enc`;
  const first = new Set([`${folder}manifest.json`, classic]);
  return all
    .filter(({ key }) => key.startsWith(folder) || key === classic || key === `${classic}.sha256`)
    .toSorted((a, b) => Number(first.has(b.key)) - Number(first.has(a.key)) || (a.key < b.key ? -1 : 1));
}

async function removeObjects(
  step: PruneStep,
  objects: readonly ListedObject[],
  run: StepRun,
): Promise<Facts> {
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
  return { store: step.store, removed: objects.length, bytes };
}

async function discardUpload(
  step: PruneStep,
  { key, id, startedAt }: Extract<PruneTarget, { type: "upload" }>,
  run: StepRun,
): Promise<Facts> {
  await run.ports.store(step.store).discard({ key, id, startedAt }, run.signal);
  return { store: step.store, discarded: key };
}
