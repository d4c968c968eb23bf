import { msOf } from "../../model/instant.ts";
import type { MadeDatabase, MadeNote } from "../../model/restore-target.ts";
import type { Problem } from "../../problems/problem.ts";
import { viewOf } from "../database-view.ts";
import { leftPins, leftRestore } from "../left-restore.ts";
import { renderInstant } from "../naming.ts";
import { renderSize } from "./amounts.ts";
import { noted, type RestoreCase } from "./restore-case.ts";

/** What earlier restores of this database left on the server, and what can be done about it. Nothing is touched. */
export function judgeMade(at: RestoreCase): readonly Problem[] {
  const { environment, database, target } = at;
  const view = viewOf(environment, database, at);
  const made = target.made.flatMap((one) => {
    const { note } = one;
    if (note === null)
      return [
        noted(
          `${one.name} on ${target.endpoint} has a name that dbops gives, and says nothing of whose it is`,
        ),
      ];
    if (note.environment !== environment.name || note.database !== database.name) return [];
    if (note.state === "old") return [noted(madeText(one, note), graceText(note, at))];
    const { held, fix } = leftRestore(view, one, note);
    return [noted(`${madeText(one, note)}${held}`, fix)];
  });
  return [...made, ...leftPins(view, target.made).map(({ detail, fix }) => noted(detail, fix))];
}

function madeText(one: MadeDatabase, note: MadeNote): string {
  const size = one.sizeBytes === null ? "" : `, ${renderSize(one.sizeBytes)}`;
  switch (note.state) {
    case "side":
      return `${one.name}${size}: a restore of ${note.backup} that did not finish loading, or still does`;
    case "partial":
      return `${one.name}${size}: a restore of ${note.backup} that was loaded but for what failed`;
    case "loaded":
      return `${one.name}${size}: a restore of ${note.backup} that was loaded and never swapped in`;
    case "old":
      return `${one.name}${size}: what ${note.backup} replaced${note.replacedAt === null ? "" : ` on ${renderInstant(note.replacedAt)}`}`;
  }
}

function graceText({ replacedAt }: MadeNote, { environment, database, now }: RestoreCase): string {
  const since = replacedAt === null ? Number.NaN : msOf(replacedAt);
  return msOf(now) - since > database.restore.graceMs
    ? `its grace is over: dbops plan ${environment.name} proposes to drop it`
    : "it is kept for its grace";
}
