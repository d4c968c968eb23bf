import { assembleBackups, type ListedObject } from "../model/assemble-backups.ts";
import type { Backup } from "../model/backup.ts";
import { classicPrefix, databasePrefix } from "../model/layout.ts";
import type { UnfinishedUpload } from "../model/observation.ts";
import type { ObjectInfo, ObjectStore } from "./object-store.ts";

/** What one store holds of one database. */
export interface DatabaseListing {
  readonly backups: readonly Backup[];
  /** Every object below `<database>/` and of the runbook's layout, in the store's order. */
  readonly objects: readonly ListedObject[];
}

/** Lists `<database>/` and `<environment>_<database>_` to their ends; throws where that is not possible. */
export async function listBackups(
  store: ObjectStore,
  of: { readonly environment: string; readonly database: string },
  signal: AbortSignal,
): Promise<DatabaseListing> {
  const objects: ObjectInfo[] = [];
  for (const prefix of prefixesOf(of))
    for await (const info of store.list(prefix, {}, signal)) objects.push(info);
  return { backups: assembleBackups(of.environment, of.database, objects), objects };
}

/** Writes below both prefixes that were begun and neither finished nor aborted. */
export async function* listUnfinished(
  store: ObjectStore,
  of: { readonly environment: string; readonly database: string },
  signal: AbortSignal,
): AsyncGenerator<UnfinishedUpload> {
  for (const prefix of prefixesOf(of)) yield* store.unfinished(prefix, signal);
}

function prefixesOf(of: { readonly environment: string; readonly database: string }): readonly string[] {
  return [databasePrefix(of.database), classicPrefix(of.environment, of.database)];
}
