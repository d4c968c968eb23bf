import type { Database, Environment, Retention } from "../model/environment.ts";
import { type Instant, instantOf, msOf } from "../model/instant.ts";
import type { DatabaseObservation, Listing, Observation } from "../model/observation.ts";
import { aheadOf, byNameOf, type StoreContent } from "../policy/union.ts";
import { type Problem, problem } from "../problems/problem.ts";

/** One readable store as one database sees it. */
export interface StoreView extends StoreContent {
  readonly retention: Retention;
  readonly listing: Extract<Listing, { state: "listed" }>;
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
    ahead: aheadOf(stores),
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

function storeView(seen: {
  store: string;
  retention: Retention;
  clockAt: Instant;
  listing: StoreView["listing"];
}): StoreView {
  const { store, retention, clockAt, listing } = seen;
  const met = new Set<string>();
  const twice = listing.backups.filter(({ name }) => met.size === met.add(name).size);
  const ambiguous = new Set(twice.map((one) => one.name));
  return { store, retention, clockAt, listing, byName: byNameOf(listing.backups), ambiguous };
}

function databaseNow(observed: DatabaseObservation | undefined, observedAt: Instant, now: Instant): Instant {
  if (observed?.state !== "reachable") return now;
  return instantOf(msOf(observed.clockAt) + msOf(now) - msOf(observedAt));
}
