import type { Retention } from "../../model/environment.ts";
import type { Listing, UnfinishedUpload } from "../../model/observation.ts";
import type { PruneStep } from "../../model/step.ts";
import type { RailContext } from "../../policy/rails.ts";
import type { StoreListing } from "../../policy/union.ts";
import { listBackups, listUnfinished } from "../../ports/list-backups.ts";
import type { ObjectInfo } from "../../ports/object-store.ts";
import { readMark } from "../../ports/read-mark.ts";
import { fail, problemsOf } from "../../problems/dbops-error.ts";
import type { ProbeRun } from "../handler.ts";

export type ListedObject = Pick<ObjectInfo, "key" | "bytes" | "etag">;

/** A database in one store, as it stands now. */
export interface Look extends StoreListing {
  /** Every object of the database there. */
  readonly objects: readonly ListedObject[];
}

/** The store of a deletion and every other store of its database. */
export interface Looks {
  readonly here: Look & { readonly listing: Extract<Listing, { state: "listed" }> };
  readonly others: readonly Look[];
  readonly context: RailContext;
}

/**
 * Lists the database of a deletion in all its declared stores (an orphan: in all stores of the environment), marks
 * included. What cannot be looked at in another store is told as an unreadable listing; throws for its own store.
 */
export async function lookAtStores(step: PruneStep, run: ProbeRun): Promise<Looks> {
  const { environment } = run.ports;
  const declared = environment.databases.find((one) => one.name === step.database);
  const places: readonly Place[] =
    declared?.backup.stores ?? environment.stores.map(({ name }) => ({ store: name, retention: null }));
  const retention = places.find((one) => one.store === step.store)?.retention ?? null;
  const here = await lookAt(step, { store: step.store, retention }, run);
  const others: Look[] = [];
  for (const place of places) if (place.store !== step.store) others.push(await tryLook(step, place, run));
  const isUnfinished = step.target.type === "leftover" || step.target.type === "upload";
  const context = {
    environment: environment.name,
    database: step.database,
    store: step.store,
    retention,
    clockAt: here.clockAt,
    others,
    leaseHolder: isUnfinished ? await run.leaseHolder(step.database) : null,
  };
  return { here, others, context };
}

interface Place {
  readonly store: string;
  readonly retention: Retention | null;
}

async function lookAt(step: PruneStep, place: Place, run: ProbeRun): Promise<Looks["here"]> {
  const environment = run.ports.environment.name;
  const store = run.ports.store(place.store);
  const { mark, info } = await readMark(store, { environment, store: place.store }, run.signal);
  const planned = run.plan.targets.stores[place.store] ?? mark.storeId;
  if (mark.storeId !== planned)
    fail("TARGET_CHANGED", `store ${place.store} is not the one the plan was made for (${planned})`);
  const of = { environment, database: step.database };
  const { backups, objects } = await listBackups(store, of, run.signal);
  const uploads: UnfinishedUpload[] = [];
  for await (const upload of listUnfinished(store, of, run.signal)) uploads.push(upload);
  return { ...place, clockAt: info.readAt, listing: { state: "listed", backups, uploads }, objects };
}

async function tryLook(step: PruneStep, place: Place, run: ProbeRun): Promise<Look> {
  try {
    return await lookAt(step, place, run);
  } catch (error) {
    run.signal.throwIfAborted();
    const [problem] = problemsOf(error);
    if (problem === undefined) throw error;
    return {
      ...place,
      clockAt: run.ports.clock.now(),
      listing: { state: "unreadable", problem },
      objects: [],
    };
  }
}
