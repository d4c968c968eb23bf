import type { ArchiveEntry, BackupDetail, RestoreObservation } from "../../../src/model/archive-contents.ts";
import type { Database, Environment } from "../../../src/model/environment.ts";
import type { RestoreRequest } from "../../../src/model/plan.ts";
import type { Planned } from "../../../src/model/planned.ts";
import type { DatabaseProperties, LiveDatabase, TargetFacts } from "../../../src/model/restore-target.ts";
import { chooseBackup } from "../../../src/plan/restore/choose-backup.ts";
import { planRestore } from "../../../src/plan/restore/plan-restore.ts";
import { backupAt, database, environment, NO_RULES, NOW, observation, type Seen } from "../build.ts";

export const BACKUP = backupAt("2026-11-24T01:00:07.000Z");

/** `plan production restore --at latest`, and what else was asked. */
export function restoreRequest(more: Partial<RestoreRequest> = {}): RestoreRequest {
  return {
    operation: "restore",
    database: null,
    point: { at: "latest" },
    from: null,
    store: null,
    into: null,
    inPlace: false,
    safetyBefore: false,
    keepSchema: false,
    acceptSlotLoss: false,
    tolerate: [],
    noTablespaces: false,
    jobs: null,
    ...more,
  };
}

/** What differs from a restore of the newest backup over the database it is of, by a superuser. */
export interface Difference {
  readonly request?: Partial<RestoreRequest>;
  readonly target?: Partial<TargetFacts>;
  readonly live?: Partial<LiveDatabase> | null;
  readonly properties?: Partial<DatabaseProperties>;
  readonly entries?: readonly ArchiveEntry[];
  readonly roles?: readonly string[];
  readonly restore?: Partial<RestoreObservation>;
  readonly detail?: Partial<BackupDetail>;
  /** Another environment, whose backup it is. */
  readonly from?: string;
  /** Its file. */
  readonly source?: Environment;
  /** What differs in the database as the environment's file declares it. */
  readonly declared?: Partial<Database>;
  /** What each store has. */
  readonly stores?: Seen["stores"];
}

export function planned(difference: Difference = {}): Planned {
  const { from = null, source = null, declared, stores = { primary: [BACKUP] } } = difference;
  const places = Object.keys(stores).map((store) => ({ store, retention: NO_RULES }));
  const own = environment({ ...database({ stores: places }), ...declared });
  const request = restoreRequest({ from, ...difference.request });
  const seen = observation({ stores });
  const chosen = chooseBackup(own, request, { observation: seen, now: NOW });
  const restore = observed(difference);
  return planRestore(own, request, { observation: seen, restore, chosen, from: source, now: NOW });
}

export function entry(type: string, rest: string, id = 1): ArchiveEntry {
  return { id, text: `0 ${id} ${type} ${rest}`, type, rest };
}

const OWNED = properties();

export function properties(more: Partial<DatabaseProperties> = {}): DatabaseProperties {
  return {
    owner: "app",
    encoding: "UTF8",
    collate: "C",
    ctype: "C",
    localeProvider: "libc",
    icuLocale: null,
    icuRules: null,
    tablespace: "pg_default",
    connectionLimit: -1,
    accessPrivileges: null,
    comment: null,
    settings: [],
    ...more,
  };
}

function observed({
  target,
  live,
  entries = [],
  roles = ["app"],
  restore,
  from = "production",
  ...more
}: Difference): RestoreObservation {
  const server = "7000000000000000001";
  return {
    from,
    database: "trading_signals",
    backup: BACKUP.name,
    store: "primary",
    observedAt: NOW,
    contents: {
      state: "read",
      manifest: {
        formatVersion: 1,
        environment: from,
        database: "trading_signals",
        name: BACKUP.name,
        snapshotAt: "2026-11-24T01:00:06.500000Z",
        origin: "scheduled",
        label: null,
        objects: [],
        format: "archive",
        compression: { zstd: 1 },
        encryption: "age",
        recipients: [],
        server: { version: "15.18" },
        tools: { dbops: "0.3.0", pgDump: "pg_dump (PostgreSQL) 15.18" },
        schemaRevision: "one",
        imageDigest: null,
        gitCommit: null,
        plan: "a".repeat(64),
      },
      entries,
      roles,
      detail: {
        endpoint: "db:5432",
        systemIdentifier: server,
        database: "trading_signals",
        oid: 16384,
        serverVersion: "15.18",
        sizeBytes: 1_000_000,
        properties: properties(more.properties),
        tables: [],
        extensions: [],
        largeObjects: 0,
        eventTriggers: [],
        subscriptions: [],
        publications: [],
        ...more.detail,
      },
    },
    live: "trading_signals",
    target: {
      state: "reachable",
      endpoint: "db:5432",
      systemIdentifier: server,
      serverVersion: "15.18",
      role: { name: "postgres", isSuperuser: true, canCreateDatabases: true, memberOf: ["postgres"] },
      roles: ["app", "pg_database_owner", "postgres"],
      tablespaces: ["pg_default"],
      extensions: [],
      live: live === null ? null : { ...LIVE, ...live },
      template: properties(),
      made: [],
      ...target,
    },
    sanitize: [],
    ...restore,
  };
}

const LIVE: LiveDatabase = {
  name: "trading_signals",
  oid: 16384,
  sizeBytes: 1_000_000,
  properties: OWNED,
  markedEnvironment: "production",
  schemaRevision: "one",
  slots: [],
  subscriptions: [],
  sessions: 0,
};
