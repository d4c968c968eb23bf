import { type Problem, SUMMARIES, type Where } from "../problems/problem.ts";
import { type Backup, ORIGINS } from "./backup.ts";
import { parseBackupName } from "./layout.ts";
import type {
  DatabaseIdentity,
  DatabaseObservation,
  Listing,
  Observation,
  StoreObservation,
  UnfinishedUpload,
} from "./observation.ts";
import type { MadeDatabase, MadeNote } from "./restore-target.ts";
import {
  count,
  type Fault,
  flag,
  instant,
  listOf,
  type Members,
  nullable,
  object,
  objectsOf,
  oneOf,
  recordOf,
  type Shape,
  text,
  variant,
} from "./shape.ts";

/** The first thing that keeps a value from being an Observation; null: it is one. */
export function observationFault(value: unknown): Fault | null {
  return OBSERVATION(value);
}

const name: Shape = (value) =>
  typeof value === "string" && parseBackupName(value) !== null
    ? null
    : { path: [], detail: "must be a name such as production_app_20261124_010000" };

const where: Members<Where> = { file: text, line: count, column: count };

const problem: Members<Problem> = {
  code: oneOf(...Object.keys(SUMMARIES)),
  severity: oneOf("error", "warning"),
  summary: text,
  detail: text,
  "fix?": text,
  "where?": object(where),
  "final?": flag,
};

const unreadable = { state: text, problem: object(problem) } as const;

const proof: Members<Backup["proofs"][number]> = { at: instant, passed: flag };

const backup: Members<Backup> = {
  name,
  database: text,
  at: instant,
  layout: oneOf("directory", "classic"),
  state: oneOf("complete", "incomplete"),
  origin: nullable(oneOf(...ORIGINS)),
  bytes: count,
  etag: nullable(text),
  modifiedAt: instant,
  proofs: listOf(object(proof)),
  holds: listOf(text),
  "unknown?": listOf(text),
};

const upload: Members<UnfinishedUpload> = { key: text, id: text, startedAt: instant };

const LISTINGS: { readonly [S in Listing["state"]]: Members<Extract<Listing, { state: S }>> } = {
  listed: { state: text, backups: listOf(object(backup)), uploads: listOf(object(upload)) },
  unreadable,
};

const STORES: {
  readonly [S in StoreObservation["state"]]: Members<Extract<StoreObservation, { state: S }>>;
} = {
  readable: {
    state: text,
    storeId: text,
    clockAt: instant,
    listings: recordOf(variant("state", objectsOf(LISTINGS))),
  },
  unreadable,
};

const identity: Members<DatabaseIdentity> = {
  endpoint: text,
  database: text,
  systemIdentifier: nullable(text),
  oid: count,
};

const note: Members<MadeNote> = {
  state: oneOf("side", "partial", "loaded", "old"),
  environment: text,
  database: text,
  backup: text,
  plan: text,
  replacedAt: nullable(text),
  "keptAs?": text,
  "failed?": text,
};

const made: Members<MadeDatabase> = {
  name: text,
  oid: count,
  sizeBytes: nullable(count),
  note: nullable(object(note)),
};

const DATABASES: {
  readonly [S in DatabaseObservation["state"]]: Members<Extract<DatabaseObservation, { state: S }>>;
} = {
  reachable: {
    state: text,
    identity: object(identity),
    serverVersion: text,
    sizeBytes: count,
    clockAt: instant,
    problems: listOf(object(problem)),
    "made?": listOf(object(made)),
  },
  unreadable,
};

const MEMBERS: Members<Observation> = {
  formatVersion: oneOf(1),
  environment: text,
  observedAt: instant,
  stores: recordOf(variant("state", objectsOf(STORES))),
  databases: recordOf(variant("state", objectsOf(DATABASES))),
};

const OBSERVATION = object(MEMBERS);
