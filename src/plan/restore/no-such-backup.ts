import { msOf, parseStamp } from "../../model/instant.ts";
import { fail } from "../../problems/dbops-error.ts";
import { countOf, renderInstant } from "../naming.ts";
import type { Choice } from "./choose-backup.ts";
import { candidateOf, flawOf, isAmbiguous, type ListedBackup, lackOf } from "./listed-backup.ts";
import { type Moment, renderMoment } from "./moment.ts";

/** BACKUP_UNKNOWN: no readable store has this name. */
export function noSuchBackup(choice: Choice, name: string): never {
  const nearest = nearestTo(choice, parseStamp(name.slice(-15)) ?? "");
  const near = nearest.length === 0 ? "there is no complete one" : `the nearest are ${nearest.join(", ")}`;
  return fail("BACKUP_UNKNOWN", `there is no backup ${name}${whereOf(choice)}; ${near}`, {
    fix: list(choice),
  });
}

/** BACKUP_INCOMPLETE: it was asked for, and is not whole anywhere. */
export function notWhole(choice: Choice, listed: ListedBackup): never {
  const nearest = nearestTo(choice, listed.at);
  const near =
    nearest.length === 0 ? "there is no complete one" : `the nearest complete ones are ${nearest.join(", ")}`;
  return fail("BACKUP_INCOMPLETE", `${listed.name} is not complete: ${lackOf(listed)}; ${near}`, {
    fix: list(choice),
  });
}

/** USAGE: the name has to say which of the two. */
export function twoOfOneName({ view }: Choice, { name }: ListedBackup): never {
  return fail("USAGE", `${name} stands for two backups, the runbook's file and one of dbops`, {
    fix: `dbops plan ${view.environment.name} restore --file ${name}.dump or --file ${name}.sql.gz.enc`,
  });
}

/** BACKUP_UNKNOWN: there is nothing to restore, or nothing at or before the moment. */
export function nothingBefore(choice: Choice, moment: Moment | null): never {
  const { view, listed } = choice;
  const first = listed.findLast((one) => flawOf(view, one) === null);
  const flawed = listed.filter((one) => flawOf(view, one) !== null);
  const beside =
    flawed.length === 0
      ? ""
      : `; ${countOf(flawed.length, "backup")} cannot be used: ${flawsOf(choice, flawed)}`;
  if (moment === null || first === undefined)
    return fail(
      "BACKUP_UNKNOWN",
      `${view.database.name} has no backup that can be restored${whereOf(choice)}${beside}`,
      {
        fix: list(choice),
      },
    );
  return fail(
    "BACKUP_UNKNOWN",
    `no backup of ${view.database.name} was taken at or before ${renderMoment(moment.at)}${whereOf(choice)}; the first one is ${first.name} of ${renderInstant(first.at)}${beside}`,
    { fix: list(choice) },
  );
}

function flawsOf({ view }: Choice, flawed: readonly ListedBackup[]): string {
  const shown = flawed.slice(0, 3).map((one) => `${one.name} ${flawOf(view, one) ?? ""}`);
  return [...shown, ...(flawed.length > 3 ? [`and ${flawed.length - 3} more`] : [])].join(", ");
}

function nearestTo(choice: Choice, at: string): readonly string[] {
  const distance = (one: ListedBackup) => Math.abs(msOf(one.at) - msOf(at));
  return [...whole(choice)]
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, 3)
    .map((one) => one.name);
}

function whole({ listed }: Choice): readonly ListedBackup[] {
  return listed.filter((one) => candidateOf(one, null) !== null && !isAmbiguous(one));
}

function whereOf({ view, request }: Choice): string {
  const unread = view.unreadable
    .map((one) => one.store)
    .filter((one) => request.store === null || one === request.store);
  const asked = request.store === null ? "" : ` in ${request.store}`;
  if (unread.length === 0) return asked;
  return `${asked === "" ? " in a store that can be read" : asked} (${unread.join(", ")} cannot be read)`;
}

function list({ view }: Choice): string {
  return `dbops backups ${view.environment.name}`;
}
