import { dirname } from "node:path";
import { ageCipher } from "../adapters/age-cipher/age-cipher.ts";
import { http } from "../adapters/http.ts";
import { opensslCipher } from "../adapters/openssl-cipher/openssl-cipher.ts";
import { readOnlyTarget } from "../adapters/postgres/restore-target/read-only-target.ts";
import { resolveSecret } from "../adapters/secrets.ts";
import { lazyStore } from "../adapters/store-wrappers/lazy-store.ts";
import { readOnly } from "../adapters/store-wrappers/read-only.ts";
import { retrying } from "../adapters/store-wrappers/retrying.ts";
import { type Place, timely } from "../adapters/store-wrappers/timely.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { thisHost } from "../adapters/this-host.ts";
import type { Records } from "../apply/sessions.ts";
import type { Connection } from "../commands/context.ts";
import { loadEnvironment } from "../config/load-environments.ts";
import type { Database, Environment, S3StoreDeclaration, Store } from "../model/environment.ts";
import type { Secret } from "../model/secret.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { PATIENCE, type Patience } from "../ports/patience.ts";
import type { RestoreTarget } from "../ports/restore-target.ts";
import { fail } from "../problems/dbops-error.ts";
import { shellQuoted } from "../problems/shell-quoted.ts";
import type { Ports } from "../steps/handler.ts";
import {
  lazyArchiveLister,
  lazyArchiveReader,
  lazyPostgres,
  lazyRestoreTarget,
  type Secrets,
} from "./lazy-ports.ts";

/** Builds the adapters of an environment; every one is opened, and its SDK loaded, at its first use. */
export function connect(
  environment: Environment,
  access: Access,
  signal: AbortSignal,
  patience: Patience = PATIENCE,
): Connection {
  const stores = new Map(environment.stores.map((one) => [one.name, stackOf(one, access, signal)]));
  return {
    ports: portsOf(environment, { stores, access, patience }, signal),
    records: recordsOf(environment, access, signal),
  };
}

type Access = "read-only" | "read-write";

interface Manner {
  readonly access: Access;
  readonly patience: Patience;
}

function portsOf(
  environment: Environment,
  { stores, access, patience }: Manner & { readonly stores: ReadonlyMap<string, ObjectStore> },
  signal: AbortSignal,
): Ports {
  const secrets = { resolve: resolveSecret };
  const databases = new Map(environment.databases.map((one) => [one.name, lazyPostgres(one, secrets)]));
  const targets = new Map(
    environment.databases.map((one) => [one.name, targetOf(one, { secrets, access, patience })]),
  );
  return {
    environment,
    store: (name) => stores.get(name) ?? unknown("store", name, environment),
    postgres: (name) => databases.get(name) ?? unknown("database", name, environment),
    cipher: ageCipher(),
    classicCipher: opensslCipher(),
    archiveLister: lazyArchiveLister(),
    archiveReader: lazyArchiveReader(),
    restoreTarget: (name) => targets.get(name) ?? unknown("database", name, environment),
    http: http(patience.answerMs),
    elsewhere: (name) => elsewhere(environment, name, signal),
    clock: systemClock,
    passphrase: (database) => passphraseOf(environment, database, signal),
    classicPassphrase: (database) => classicPassphraseOf(environment, database, signal),
    openingKeys: async () => ({ identities: await loadIdentities(environment, signal) }),
  };
}

function targetOf(
  database: Database,
  { access, ...options }: Manner & { readonly secrets: Secrets },
): RestoreTarget {
  const target = lazyRestoreTarget(database, options);
  return access === "read-only" ? readOnlyTarget(target) : target;
}

/** The file of the other environment lies beside this one's. */
async function elsewhere(environment: Environment, name: string, signal: AbortSignal): Promise<Ports> {
  const other = await loadEnvironment(name, dirname(environment.file));
  return connect(other, "read-only", signal).ports;
}

/** Locks and journals have a store stack and sockets of their own: four uploads must not starve a renewal. */
function recordsOf(environment: Environment, access: Access, signal: AbortSignal): Records {
  const declared = environment.stores.find((one) => one.name === environment.records);
  const store =
    declared === undefined
      ? unknown("store", environment.records, environment)
      : stackOf(declared, access, signal);
  return { store, host: thisHost(), clock: systemClock, locks: environment.locks };
}

function stackOf(store: Store, access: Access, signal: AbortSignal): ObjectStore {
  const stack = timely(retrying(openLazily(store, access, signal)), placeOf(store));
  return access === "read-only" ? readOnly(stack) : stack;
}

function placeOf(store: Store): Place {
  if (store.kind === "file")
    return {
      what: `store ${store.name} (${store.path})`,
      fix: `see whether it answers:\nls -l ${shellQuoted(store.path)}`,
    };
  const at = store.endpoint ?? `https://s3.${store.region}.amazonaws.com`;
  return {
    what: `store ${store.name} (s3://${store.bucket} at ${at})`,
    fix: `see whether it answers:\ncurl -sI ${at}`,
  };
}

function openLazily(store: Store, access: Access, signal: AbortSignal): ObjectStore {
  return lazyStore(async () => {
    if (store.kind === "file")
      return (await import("../adapters/file-store/file-store.ts")).openFileStore(store.path, access);
    const { openS3Store } = await import("../adapters/s3-store/s3-store.ts");
    return openS3Store(store, await credentialsOf(store, signal));
  });
}

async function credentialsOf(store: S3StoreDeclaration, signal: AbortSignal) {
  if (store.credentials === null) return null;
  const [accessKeyId, secretAccessKey] = await Promise.all([
    resolveSecret(store.credentials.accessKeyId, signal),
    resolveSecret(store.credentials.secretAccessKey, signal),
  ]);
  return { accessKeyId, secretAccessKey };
}

async function passphraseOf(environment: Environment, name: string, signal: AbortSignal): Promise<Secret> {
  const encryption = environment.databases.find((one) => one.name === name)?.backup.encryption;
  if (encryption?.kind === "age-passphrase") return resolveSecret(encryption.passphrase, signal);
  return fail("SECRET_UNAVAILABLE", `${environment.file} names no passphrase for database ${name}`);
}

async function classicPassphraseOf(
  environment: Environment,
  name: string,
  signal: AbortSignal,
): Promise<Secret> {
  const source = environment.databases.find((one) => one.name === name)?.backup.classicPassphrase;
  if (source !== undefined) return resolveSecret(source, signal);
  const detail = `${environment.file} does not say what opens the .sql.gz.enc files of database ${name}`;
  const fix = `add to databases.${name}.backup.encryption: openssl: { passphrase: { env: BACKUP_ENCRYPTION_KEY } }`;
  return fail("SECRET_UNAVAILABLE", detail, { fix });
}

async function loadIdentities(environment: Environment, signal: AbortSignal): Promise<readonly Secret[]> {
  const { splitIdentities } = await import("../adapters/age-cipher/identities.ts");
  const files = await Promise.all(environment.identities.map((source) => resolveSecret(source, signal)));
  return files.flatMap(splitIdentities);
}

function unknown(what: string, name: string, environment: Environment): never {
  fail("INTERNAL", `${environment.file} declares no ${what} ${name}`);
}
