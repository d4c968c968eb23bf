import type { Environment } from "../../src/model/environment.ts";
import { backupName, folderOf } from "../../src/model/layout.ts";
import type { DatabaseObservation, Listing, StoreObservation } from "../../src/model/observation.ts";
import { type ObserveScope, observe } from "../../src/observe/observe.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Postgres } from "../../src/ports/postgres.ts";
import { fail } from "../../src/problems/dbops-error.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { PLAIN_RESTORE } from "../support/plain-restore.ts";

export const NOW_AT = "2026-11-24T02:00:00.000Z";
export const never: AbortSignal = new AbortController().signal;

export const clock = { now: () => NOW_AT, sleep: () => Promise.reject(new Error("nobody waits here")) };
export const nameOf = (database: string) => backupName("production", database, "20261124_010000");

export function world() {
  const stores = { primary: memoryStore({ now: () => NOW_AT }), dr: memoryStore({ now: () => NOW_AT }) };
  for (const name of ["primary", "dr"] as const) mark(stores[name], name, "production");
  const environment = environmentOf(["app", "other"]);
  const look = (
    instead: Readonly<Record<string, ObjectStore>> = {},
    scope: ObserveScope = { databases: "all" },
    postgres: (name: string) => Postgres = reachable,
  ) => {
    const all: Readonly<Record<string, ObjectStore>> = { ...stores, ...instead };
    const store = (name: string) => all[name] ?? fail("INTERNAL", `no store ${name}`);
    return observe(environment, scope, { clock, store, postgres }, never);
  };
  return { stores, environment, look };
}

function environmentOf(databases: readonly string[]): Environment {
  return {
    name: "production",
    file: "environments/production.yaml",
    baseFolder: "/project",
    protected: false,
    automatic: [],
    records: "primary",
    locks: "conditional",
    stores: ["dr", "primary"].map((name) => ({ kind: "file", name, path: `/${name}` })),
    identities: [],
    databases: databases.map((name) => ({
      name,
      connection: { kind: "service", service: name },
      admin: null,
      cloneOf: null,
      restore: PLAIN_RESTORE,
      backup: {
        schedules: [],
        stores: [],
        format: "archive",
        compression: "none",
        encryption: { kind: "none" },
      },
    })),
  };
}

export function mark(store: MemoryStore, name: string, environment: string): void {
  store.put("_dbops/store.json", JSON.stringify({ storeId: `id-${name}`, environment, createdAt: NOW_AT }));
}

export function addBackup(store: MemoryStore, database: string): void {
  const name = nameOf(database);
  for (const key of [
    `${name}.dump`,
    `${name}.globals.sql`,
    `${name}.detail.json`,
    "RESTORE.md",
    "origin/scheduled",
    "manifest.json",
  ])
    store.put(`${folderOf(name)}${key}`, "x");
}

export function reachable(): Postgres {
  const found: DatabaseObservation = {
    state: "reachable",
    identity: { endpoint: "db:5432", database: "app", systemIdentifier: null, oid: 5 },
    serverVersion: "15.18",
    sizeBytes: 1,
    clockAt: NOW_AT,
    problems: [],
  };
  return { inspect: async () => found, openSnapshot: () => fail("INTERNAL", "nobody dumps here") };
}

export function listingsOf(store: StoreObservation | undefined): Readonly<Record<string, Listing>> {
  return store?.state === "readable" ? store.listings : fail("INTERNAL", "the store is not readable");
}

export function backupsOf(store: StoreObservation | undefined, database: string): readonly unknown[] {
  const listing = listingsOf(store)[database];
  if (listing?.state !== "listed") return fail("INTERNAL", `${database} is not listed`);
  return listing.backups.map((backup) => [backup.name, backup.state]);
}

export function unreachable(why: string): ObjectStore {
  const down = () => Promise.reject(failure(why));
  return {
    ...memoryStore(),
    head: down,
    read: down,
    list: () => failing(why),
    unfinished: () => failing(why),
  };
}

/** Listings of this prefix give one key and then fail. */
export function breakingOff(store: MemoryStore, broken: string): ObjectStore {
  return {
    ...store,
    list: async function* (prefix, options, signal) {
      for await (const info of store.list(prefix, options, signal)) {
        yield info;
        if (prefix === broken) throw failure("page 2 of the listing timed out");
      }
    },
  };
}

// biome-ignore lint/correctness/useYield: it fails before the first
export async function* failing(why: string): AsyncGenerator<never> {
  throw failure(why);
}

function failure(why: string): unknown {
  try {
    return fail("STORE_UNREADABLE", why);
  } catch (error) {
    return error;
  }
}
