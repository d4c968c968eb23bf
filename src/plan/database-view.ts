import type { Backup } from "../model/backup.ts";
import type { Database, Environment, Retention } from "../model/environment.ts";
import { type Instant, instantOf, msOf } from "../model/instant.ts";
import type { DatabaseObservation, Listing, Observation } from "../model/observation.ts";
import { isDatedAhead } from "../policy/clock.ts";
import type { RestorePoint } from "../policy/retention.ts";
import { type Problem, problem } from "../problems/problem.ts";

/** One readable store as one database sees it. */
export interface StoreView {
  readonly store: string;
  readonly retention: Retention;
  /** The store's clock. */
  readonly clockAt: Instant;
  readonly listing: Extract<Listing, { state: "listed" }>;
  /** The complete backup, or else the incomplete one, of each name. */
  readonly byName: ReadonlyMap<string, Backup>;
  /** Names that stand for two backups of different layouts: never touched. */
  readonly ambiguous: ReadonlySet<string>;
}

/** Everything that was observed of one database of the file. */
export interface DatabaseView {
  readonly environment: Environment;
  readonly database: Database;
  /** undefined: it was not looked at, because the request did not need it. */
  readonly observed: DatabaseObservation | undefined;
  /** Readable stores, in the order of the file. */
  readonly stores: readonly StoreView[];
  readonly unreadable: readonly { readonly store: string; readonly problem: Problem }[];
  /** Names of backups that are dated later than the clock of a store that has them. */
  readonly ahead: ReadonlySet<string>;
  /** The clock that dates a backup made now: the database's own, moved on to `now`; `now` where it is not known. */
  readonly nowAt: Instant;
}

/** Gathers what the planner needs of one database; a listing that is not there was not read, and is never empty. */
export function viewOf(
  environment: Environment,
  database: Database,
  world: { readonly observation: Observation; readonly now: Instant },
): DatabaseView {
  const { observation, now } = world;
  const seen = database.backup.stores.map((policy) => {
    const look = lookAt(observation, policy.store, database.name);
    return { store: policy.store, retention: policy.retention, ...look };
  });
  const stores = seen.filter((one) => one.state === "listed").map(storeView);
  const observed = observation.databases[database.name];
  return {
    environment,
    database,
    observed,
    stores,
    unreadable: seen
      .filter((one) => one.state === "unreadable")
      .map(({ store, problem }) => ({ store, problem })),
    ahead: new Set(stores.flatMap(aheadIn)),
    nowAt: databaseNow(observed, observation.observedAt, now),
  };
}

/** The clock and listing of one database in one store, or why there is none. */
export function lookAt(
  observation: Observation,
  store: string,
  database: string,
): { state: "listed"; clockAt: Instant; listing: StoreView["listing"] } | Unread {
  const seen = observation.stores[store];
  if (seen === undefined) return unread(`${store} was not looked at`);
  if (seen.state === "unreadable") return seen;
  const listing = seen.listings[database];
  if (listing === undefined) return unread(`${database} was not listed in ${store}`);
  if (listing.state === "unreadable") return listing;
  return { state: "listed", clockAt: seen.clockAt, listing };
}

type Unread = { readonly state: "unreadable"; readonly problem: Problem };

function unread(detail: string): Unread {
  return { state: "unreadable", problem: problem("STORE_UNREADABLE", detail, { fix: "observe again" }) };
}

/** The complete backup of this name in this store, or null. */
export function completeIn(view: StoreView, name: string): Backup | null {
  const backup = view.byName.get(name);
  return backup?.state === "complete" ? backup : null;
}

/** Complete backups of one store, each name once, in the order of the listing. */
export function completeOf(view: StoreView): readonly Backup[] {
  return [...view.byName.values()].filter((one) => one.state === "complete");
}

/** A backup as retention sees it, with the holds and proofs that any store has of it. */
export function pointOf(view: DatabaseView, backup: Backup): RestorePoint {
  const everywhere = view.stores.flatMap((store) => store.byName.get(backup.name) ?? []);
  return {
    name: backup.name,
    at: backup.at,
    layout: backup.layout,
    origin: backup.origin,
    holds: [...new Set(everywhere.flatMap((one) => one.holds))].sort(),
    proofs: everywhere.flatMap((one) => one.proofs),
  };
}

function storeView(seen: {
  store: string;
  retention: Retention;
  clockAt: Instant;
  listing: StoreView["listing"];
}): StoreView {
  const byName = new Map<string, Backup>();
  const ambiguous = new Set<string>();
  for (const backup of seen.listing.backups) {
    const other = byName.get(backup.name);
    if (other !== undefined) ambiguous.add(backup.name);
    if (other === undefined || other.state === "incomplete") byName.set(backup.name, backup);
  }
  const { store, retention, clockAt, listing } = seen;
  return { store, retention, clockAt, listing, byName, ambiguous };
}

function aheadIn(view: StoreView): readonly string[] {
  return completeOf(view)
    .filter((one) => isDatedAhead(one.at, view.clockAt))
    .map((one) => one.name);
}

function databaseNow(observed: DatabaseObservation | undefined, observedAt: Instant, now: Instant): Instant {
  if (observed?.state !== "reachable") return now;
  return instantOf(msOf(observed.clockAt) + msOf(now) - msOf(observedAt));
}
