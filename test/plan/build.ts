import type { Backup } from "../../src/model/backup.ts";
import type { Database, Environment, Retention, Schedule } from "../../src/model/environment.ts";
import { type Instant, instantOf, msOf, stampOf } from "../../src/model/instant.ts";
import { backupName } from "../../src/model/layout.ts";
import type { Observation, StoreObservation, UnfinishedUpload } from "../../src/model/observation.ts";
import { PLAIN_RESTORE } from "../support/plain-restore.ts";

export const NOW: Instant = "2026-11-24T10:30:00.000Z";
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const DAILY: Schedule = { name: "daily", cron: "0 1 * * *", timezone: "UTC" };
export const HOURLY: Schedule = { name: "hourly", cron: "0 * * * *", timezone: "UTC" };

export const NO_RULES: Retention = {
  withinMs: null,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  atLeast: 1,
  keepOthersMs: 30 * DAY_MS,
};

/** `NOW` minus so many days. */
export function daysAgo(days: number, from: Instant = NOW): Instant {
  return instantOf(msOf(from) - days * DAY_MS);
}

/** The name of a backup of trading_signals at an instant. */
export function nameAt(at: Instant, database = "trading_signals"): string {
  return backupName("production", database, stampOf(at));
}

/** A complete scheduled backup; `more` makes it something else. */
export function backupAt(at: Instant, more: Partial<Backup> = {}): Backup {
  const database = more.database ?? "trading_signals";
  const name = more.name ?? nameAt(at, database);
  return {
    name,
    database,
    at: instantOf(Math.ceil(msOf(at) / 1000) * 1000),
    layout: "directory",
    state: "complete",
    origin: "scheduled",
    bytes: 1000,
    etag: `etag-${name.slice(-15)}`,
    modifiedAt: at,
    proofs: [],
    holds: [],
    ...more,
  };
}

export function database(more: Partial<Database["backup"]> = {}, name = "trading_signals"): Database {
  return {
    name,
    connection: { kind: "service", service: name },
    admin: null,
    cloneOf: null,
    restore: PLAIN_RESTORE,
    backup: {
      schedules: [DAILY],
      stores: [{ store: "primary", retention: NO_RULES }],
      format: "archive",
      compression: { zstd: 1 },
      encryption: { kind: "age-recipients", recipients: ["age1one"] },
      ...more,
    },
  };
}

export function environment(...databases: readonly Database[]): Environment {
  const stores = [...new Set(databases.flatMap((one) => one.backup.stores.map((policy) => policy.store)))];
  return {
    name: "production",
    file: "environments/production.yaml",
    baseFolder: "/srv/dbops",
    protected: false,
    automatic: ["backup", "copy"],
    records: stores[0] ?? "primary",
    locks: "conditional",
    stores: stores.sort().map((name) => ({ kind: "file", name, path: `/srv/dbops/var/${name}` })),
    identities: [],
    databases,
  };
}

/** Backups by store, for one database. */
export interface Seen {
  readonly stores: Readonly<Record<string, readonly Backup[] | "unreadable">>;
  readonly uploads?: Readonly<Record<string, readonly UnfinishedUpload[]>>;
  readonly at?: Instant;
}

/** Observation of trading_signals alone, reachable, all clocks right. */
export function observation(seen: Seen): Observation {
  const at = seen.at ?? NOW;
  const entries = Object.entries(seen.stores).map(([name, backups]): [string, StoreObservation] => [
    name,
    backups === "unreadable" ? unreadableStore(name) : readableStore(name, backups, { seen, at }),
  ]);
  return {
    formatVersion: 1,
    environment: "production",
    observedAt: at,
    stores: Object.fromEntries(entries),
    databases: {
      trading_signals: {
        state: "reachable",
        identity: {
          endpoint: "db:5432",
          database: "trading_signals",
          systemIdentifier: "7000000000000000001",
          oid: 16384,
        },
        serverVersion: "15.18",
        sizeBytes: 1_000_000,
        clockAt: at,
        problems: [],
      },
    },
  };
}

function readableStore(
  name: string,
  backups: readonly Backup[],
  more: { readonly seen: Seen; readonly at: Instant },
): StoreObservation {
  return {
    state: "readable",
    storeId: `id-${name}`,
    clockAt: more.at,
    listings: {
      trading_signals: {
        state: "listed",
        backups: backups.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        uploads: more.seen.uploads?.[name] ?? [],
      },
    },
  };
}

function unreadableStore(name: string): StoreObservation {
  return {
    state: "unreadable",
    problem: {
      code: "STORE_UNREADABLE",
      severity: "error",
      summary: "a store cannot be read",
      detail: `store ${name}: connection refused`,
    },
  };
}
