import type { Environment } from "../model/environment.ts";
import { databaseOfScope } from "../model/layout.ts";
import type {
  DatabaseObservation,
  Listing,
  Observation,
  StoreObservation,
  UnfinishedUpload,
} from "../model/observation.ts";
import type { Clock } from "../ports/clock.ts";
import { listBackups, listUnfinished } from "../ports/list-backups.ts";
import { listScopes } from "../ports/list-scopes.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { Postgres } from "../ports/postgres.ts";
import { readMark } from "../ports/read-mark.ts";
import { problemsOf } from "../problems/dbops-error.ts";
import type { Problem } from "../problems/problem.ts";

export interface ObservePorts {
  readonly clock: Clock;
  store(name: string): ObjectStore;
  postgres(database: string): Postgres;
}

/** What to look at: a freshness check needs no database, a plan for one database needs no other. */
export interface ObserveScope {
  readonly databases: "all" | "none" | readonly string[];
  /** A database whose backups are listed as well, though nothing else tells of it. */
  readonly orphan?: string | null;
}

/** Looks at every store and database of an environment; what cannot be looked at is said, never left out. */
export async function observe(
  environment: Environment,
  scope: ObserveScope,
  ports: ObservePorts,
  signal: AbortSignal,
): Promise<Observation> {
  const observedAt = ports.clock.now();
  const names = environment.databases.map((database) => database.name);
  const wanted = scope.databases === "all" ? names : scope.databases === "none" ? [] : scope.databases;
  const [stores, databases] = await Promise.all([
    observeStores(environment, scope, ports, signal),
    mapEntries(wanted, (name) => observeDatabase(ports, name, signal)),
  ]);
  signal.throwIfAborted();
  return { formatVersion: 1, environment: environment.name, observedAt, stores, databases };
}

async function observeStores(
  environment: Environment,
  { orphan = null }: ObserveScope,
  ports: ObservePorts,
  signal: AbortSignal,
): Promise<Readonly<Record<string, StoreObservation>>> {
  const known = await knownOrphans(environment, ports, signal);
  const declared = environment.databases.map((one) => one.name);
  const asked = orphan === null ? [] : [orphan];
  const databases = [...new Set([...declared, ...known.orphans, ...asked])].sort();
  return mapEntries(
    environment.stores.map((store) => store.name),
    async (store) => {
      const question = { environment: environment.name, store, databases };
      const found = await observeStore(ports.store(store), question, signal);
      // What lies in the records store is not known when its scopes could not be listed.
      const partly = store === environment.records && found.state === "readable" && known.problem !== null;
      return partly ? { state: "unreadable", problem: known.problem } : found;
    },
  );
}

interface StoreQuestion {
  readonly environment: string;
  readonly store: string;
  readonly databases: readonly string[];
}

async function observeStore(
  store: ObjectStore,
  question: StoreQuestion,
  signal: AbortSignal,
): Promise<StoreObservation> {
  try {
    const { mark, info } = await readMark(store, question, signal);
    const listings = await mapEntries(question.databases, (database) =>
      observeListing(store, question, database, signal),
    );
    return { state: "readable", storeId: mark.storeId, clockAt: info.readAt, listings };
  } catch (error) {
    return { state: "unreadable", problem: about(`store ${question.store}`, error) };
  }
}

async function observeListing(
  store: ObjectStore,
  { environment }: StoreQuestion,
  database: string,
  signal: AbortSignal,
): Promise<Listing> {
  try {
    const { backups } = await listBackups(store, { environment, database }, signal);
    const uploads: UnfinishedUpload[] = [];
    for await (const upload of listUnfinished(store, { environment, database }, signal)) uploads.push(upload);
    uploads.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id < b.id ? -1 : 1));
    return { state: "listed", backups, uploads };
  } catch (error) {
    return { state: "unreadable", problem: about(`${database}/`, error) };
  }
}

interface KnownOrphans {
  readonly orphans: readonly string[];
  /** Why there may be more of them. */
  readonly problem: Problem | null;
}

/** Databases that were worked on and are in no file any more: every scope keeps its lock and its journal for good. */
async function knownOrphans(
  environment: Environment,
  ports: ObservePorts,
  signal: AbortSignal,
): Promise<KnownOrphans> {
  const declared = new Set(environment.databases.map((one) => one.name));
  try {
    const scopes = await listScopes(ports.store(environment.records), signal);
    const databases = new Set(scopes.map(databaseOfScope));
    const orphans = [...databases].filter((one) => one !== "environment" && !declared.has(one));
    return { orphans, problem: null };
  } catch (error) {
    return { orphans: [], problem: about(`store ${environment.records}`, error) };
  }
}

async function observeDatabase(
  ports: ObservePorts,
  name: string,
  signal: AbortSignal,
): Promise<DatabaseObservation> {
  try {
    return await ports.postgres(name).inspect(signal);
  } catch (error) {
    return { state: "unreadable", problem: about(`database ${name}`, error) };
  }
}

function about(subject: string, error: unknown): Problem {
  const [first] = problemsOf(error);
  if (first === undefined) throw error;
  return first.detail.includes(subject) ? first : { ...first, detail: `${subject}: ${first.detail}` };
}

async function mapEntries<T>(
  names: readonly string[],
  value: (name: string) => Promise<T>,
): Promise<Readonly<Record<string, T>>> {
  const entries: [string, T][] = new Array(names.length);
  let next = 0;
  const work = async () => {
    for (let index = next++; index < names.length; index = next++) {
      const name = names[index] ?? "";
      entries[index] = [name, await value(name)];
    }
  };
  await Promise.all(Array.from({ length: 8 }, work)); // bounded: 300 databases are not looked at all at once
  return Object.fromEntries(entries);
}
