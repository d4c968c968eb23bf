import type { Backup } from "../model/backup.ts";
import type { Environment } from "../model/environment.ts";
import { msOf, parseStamp } from "../model/instant.ts";
import { parseBackupName } from "../model/layout.ts";
import type { Observation } from "../model/observation.ts";
import { byNewest } from "../policy/retention.ts";
import { fail } from "../problems/dbops-error.ts";

/** One backup in one store. */
export interface Found {
  readonly store: string;
  readonly backup: Backup;
}

/**
 * One backup in every readable store that has it. It is given by its name or its stamp. Throws BACKUP_UNKNOWN with the
 * nearest ones, USAGE when a stamp stands for backups of several databases.
 */
export function findBackup(
  environment: Environment,
  observation: Observation,
  wanted: string,
): readonly Found[] {
  const all = backupsIn(environment, observation);
  const found = all.filter(({ backup }) => backup.name === wanted || stampOfName(backup.name) === wanted);
  const names = [...new Set(found.map((one) => one.backup.name))].sort();
  if (names.length > 1) fail("USAGE", `${wanted} is one of ${names.join(", ")}; give the whole name`);
  if (found.length === 0) unknown(environment, observation, { wanted, all });
  return found;
}

function backupsIn(environment: Environment, observation: Observation): readonly Found[] {
  return environment.stores.flatMap(({ name: store }) => {
    const seen = observation.stores[store];
    if (seen?.state !== "readable") return [];
    const listings = Object.keys(seen.listings)
      .sort()
      .flatMap((database) => seen.listings[database] ?? []);
    return listings.flatMap((one) =>
      one.state === "listed" ? one.backups.map((backup) => ({ store, backup })) : [],
    );
  });
}

function unknown(
  environment: Environment,
  observation: Observation,
  at: { readonly wanted: string; readonly all: readonly Found[] },
): never {
  const unread = environment.stores
    .filter(({ name }) => observation.stores[name]?.state !== "readable")
    .map((one) => one.name);
  const where = unread.length === 0 ? "" : ` in a store that can be read (${unread.join(", ")} cannot)`;
  const nearest = nearestOf(at.wanted, at.all);
  const names = nearest.length === 0 ? "there are none" : `the nearest are ${nearest.join(", ")}`;
  fail("BACKUP_UNKNOWN", `there is no backup ${at.wanted}${where}; ${names}`, {
    fix: `dbops backups ${environment.name}`,
  });
}

/** The three nearest in time; the newest three when no time was given. */
function nearestOf(wanted: string, all: readonly Found[]): readonly string[] {
  const at = parseStamp(wanted.slice(-15));
  const unique = [...new Map(all.map(({ backup }) => [backup.name, backup])).values()].sort(byNewest);
  if (at === null) return unique.slice(0, 3).map((one) => one.name);
  const distance = (one: Backup) => Math.abs(msOf(one.at) - msOf(at));
  return unique
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, 3)
    .map((one) => one.name);
}

function stampOfName(name: string): string | null {
  return parseBackupName(name)?.stamp ?? null;
}
