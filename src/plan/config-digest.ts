import { digestOf } from "../model/canonical.ts";
import type { Database, Environment, Store } from "../model/environment.ts";
import type { Step } from "../model/step.ts";

/**
 * Digest of the used form of the databases and stores that steps name, and of where records are kept. A comment, another
 * database or the folder of the checkout changes nothing in it: paths below the configuration's folder count as relative. What the file
 * says about restoring a database counts where steps work on its server. `from`: the environment that `foreignIn` names.
 */
export function configDigest(
  environment: Environment,
  steps: readonly Step[],
  from: Environment | null = null,
): string {
  const databases = new Set(steps.map((one) => one.database));
  const stores = new Set(steps.flatMap((one) => storesConcerning(one, environment)));
  const restored = new Set(steps.filter(isOnServer).map((one) => one.database));
  const used = {
    environment: environment.name,
    records: environment.records,
    locks: environment.locks,
    databases: environment.databases
      .filter((one) => databases.has(one.name))
      .map((one) => ({
        ...databaseForm(environment, one),
        ...(restored.has(one.name) ? restoreForm(environment, one) : {}),
      })),
    stores: environment.stores.filter((one) => stores.has(one.name)).map(storeForm(environment)),
    ...(from === null ? {} : { from: fromForm(from, steps) }),
  };
  return digestOf(used);
}

/** The other environment whose backup is read; null: none. */
export function foreignIn(environment: string, steps: readonly Step[]): string | null {
  for (const step of steps) if (step.kind === "download" && step.from !== environment) return step.from;
  return null;
}

/**
 * The stores that a step works on, and those that it asks: a deletion all of its database, one of an orphan every store,
 * the drop of a database all that may have its backup.
 */
export function storesConcerning(step: Step, environment: Environment): readonly string[] {
  const isAsking = step.kind === "prune" || (step.kind === "drop" && step.expect.backup !== null);
  if (!isAsking) return storesOf(step, environment.name);
  const declared = environment.databases.find((one) => one.name === step.database);
  const asked = declared?.backup.stores.map((one) => one.store) ?? environment.stores.map((one) => one.name);
  return [...storesOf(step, environment.name), ...asked];
}

/** The stores of this environment that a step reads or writes. */
export function storesOf(step: Step, environment: string): readonly string[] {
  switch (step.kind) {
    case "copy":
      return [step.from, step.to];
    case "upload":
    case "prune":
    case "hold":
      return [step.store];
    case "verify":
      return step.type === "backup" || step.type === "classic" ? [step.store] : [];
    case "download":
      return step.from === environment ? [step.store] : [];
    case "dump":
    case "encrypt":
    case "decrypt":
    case "create":
    case "load":
    case "analyze":
    case "sanitize":
    case "swap":
    case "drop":
      return [];
  }
}

function storeForm(environment: Environment): (store: Store) => unknown {
  return (store) => (store.kind === "file" ? { ...store, path: relativeTo(environment, store.path) } : store);
}

/** True for a step that works as the admin role. */
function isOnServer(step: Step): boolean {
  if (step.kind === "dump") return step.of !== undefined;
  return step.kind === "create" || step.kind === "load" || step.kind === "swap" || step.kind === "drop";
}

function databaseForm(
  environment: Environment,
  { restore: _restore, cloneOf: _cloneOf, ...database }: Database,
): object {
  const { connection } = database;
  if (connection.kind !== "parts" || connection.sslrootcert === null) return database;
  const sslrootcert = relativeTo(environment, connection.sslrootcert);
  return { ...database, connection: { ...connection, sslrootcert } };
}

function restoreForm(environment: Environment, { restore, cloneOf }: Database): object {
  const sanitize = restore.sanitize.map((path) => relativeTo(environment, path));
  return { restore: { ...restore, sanitize }, cloneOf };
}

/** Of another environment only what its backup is read with counts. */
function fromForm(from: Environment, steps: readonly Step[]): object {
  const read = steps.filter((one) => one.kind === "download");
  const stores = new Set(read.map((one) => one.store));
  const databases = new Set(read.map((one) => one.database));
  return {
    environment: from.name,
    stores: from.stores.filter((one) => stores.has(one.name)).map(storeForm(from)),
    databases: from.databases
      .filter((one) => databases.has(one.name))
      .map(({ name, backup: { encryption, classicPassphrase } }) =>
        read.some((one) => one.layout === "classic" && one.database === name)
          ? { name, classicPassphrase: classicPassphrase ?? null }
          : { name, encryption },
      ),
  };
}

function relativeTo(environment: Environment, path: string): string {
  const folder = `${environment.baseFolder.replace(/\/+$/, "")}/`;
  return path.startsWith(folder) ? `./${path.slice(folder.length)}` : path;
}
