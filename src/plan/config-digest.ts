import { digestOf } from "../model/canonical.ts";
import type { Database, Environment, Store } from "../model/environment.ts";
import type { Step } from "../model/step.ts";

/**
 * Digest of the used form of the databases and stores that steps name, and of where records are kept. A comment, another
 * database or the folder of the checkout changes nothing in it: paths below the configuration's folder count as relative.
 */
export function configDigest(environment: Environment, steps: readonly Step[]): string {
  const databases = new Set(steps.map((one) => one.database));
  const stores = new Set(steps.flatMap((one) => storesConcerning(one, environment)));
  const used = {
    environment: environment.name,
    records: environment.records,
    locks: environment.locks,
    databases: environment.databases.filter((one) => databases.has(one.name)).map(databaseForm(environment)),
    stores: environment.stores.filter((one) => stores.has(one.name)).map(storeForm(environment)),
  };
  return digestOf(used);
}

/** The stores that a step works on, and those that it asks: a deletion all of its database, one of an orphan every store. */
export function storesConcerning(step: Step, environment: Environment): readonly string[] {
  if (step.kind !== "prune") return storesOf(step);
  const declared = environment.databases.find((one) => one.name === step.database);
  const asked = declared?.backup.stores.map((one) => one.store) ?? environment.stores.map((one) => one.name);
  return [step.store, ...asked];
}

/** The stores that a step reads or writes. */
export function storesOf(step: Step): readonly string[] {
  switch (step.kind) {
    case "dump":
    case "encrypt":
      return [];
    case "copy":
      return [step.from, step.to];
    case "upload":
    case "verify":
    case "prune":
    case "hold":
      return [step.store];
  }
}

function storeForm(environment: Environment): (store: Store) => unknown {
  return (store) => (store.kind === "file" ? { ...store, path: relativeTo(environment, store.path) } : store);
}

function databaseForm(environment: Environment): (database: Database) => unknown {
  return ({ restore: _restore, cloneOf: _cloneOf, ...database }) => {
    const { connection } = database;
    if (connection.kind !== "parts" || connection.sslrootcert === null) return database;
    const sslrootcert = relativeTo(environment, connection.sslrootcert);
    return { ...database, connection: { ...connection, sslrootcert } };
  };
}

function relativeTo(environment: Environment, path: string): string {
  const folder = `${environment.baseFolder.replace(/\/+$/, "")}/`;
  return path.startsWith(folder) ? `./${path.slice(folder.length)}` : path;
}
