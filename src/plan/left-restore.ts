import { holdOf, isPin } from "../model/made-database.ts";
import type { MadeDatabase, MadeNote } from "../model/restore-target.ts";
import type { DatabaseView } from "./database-view.ts";

/** What a restore that did not come to its end still holds, and the commands that go on with it or end it. */
export interface LeftRestore {
  /** Its pin, which keeps the backup from being pruned: `; restore-8ecabbb9 in primary holds B`; empty where it has none. */
  readonly held: string;
  /** One command a line. */
  readonly fix: string;
}

/** The same wherever a side database is told of: nothing is dropped by hand, and no hold is forgotten. */
export function leftRestore(
  view: DatabaseView,
  { name }: MadeDatabase,
  { state, backup, plan }: MadeNote,
): LeftRestore {
  const hold = holdOf(name);
  const stores = view.stores
    .filter((one) => one.byName.get(backup)?.holds.includes(hold))
    .map((one) => one.store);
  const goOn =
    state === "partial" ? "its follow-up plan goes on with it; to load it anew" : "to go on with it";
  const environment = view.environment.name;
  return {
    held: stores.length === 0 ? "" : `; ${hold} in ${stores.join(" and ")} holds ${backup}`,
    fix: [
      "if nobody wants it:",
      `dbops plan ${environment} --discard`,
      ...(stores.length === 0 ? [] : [`dbops plan ${environment} release ${backup}`]),
      `${goOn}, unless its run said that the plan cannot go on:`,
      `dbops apply ${plan}`,
    ].join("\n"),
  };
}

/**
 * What restores still hold without a side database that tells of it: they ended before they made one, or after it got its other name.
 * A plan sees no lease, so one that is at work just there is told as well.
 */
export function leftPins(view: DatabaseView, made: readonly MadeDatabase[]): readonly LeftPin[] {
  const { environment, database } = view;
  const told = new Set(
    made.flatMap(({ name, note }) => {
      const isOurs = note?.environment === environment.name && note.database === database.name;
      return isOurs && note.state !== "old" ? [`${holdOf(name)} ${note.backup}`] : [];
    }),
  );
  const pins = view.stores.flatMap(({ store, listing }) =>
    listing.backups.flatMap(({ name, holds }) =>
      holds
        .filter((hold) => isPin(hold) && !told.has(`${hold} ${name}`))
        .map((hold) => ({ store, name, hold })),
    ),
  );
  return [...Map.groupBy(pins, ({ hold, name }) => `${hold} ${name}`).values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const stores = [...new Set(same.map((one) => one.store))].join(" and ");
    const { hold, name } = first;
    return [
      {
        detail: `${hold} in ${stores} holds ${name}, and no side database tells of it: its restore ended before it made one or before it let go, is in place, or runs right now (a plan does not see which)`,
        fix: `when no restore of ${database.name} runs, and none of it is to be applied again (this ends every hold of that backup):\ndbops plan ${environment.name} release ${name}`,
      },
    ];
  });
}

/** A hold of which nothing else tells. */
export interface LeftPin {
  readonly detail: string;
  readonly fix: string;
}
