import { holdOf } from "../model/made-database.ts";
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
    state === "partial" ? "its follow-up plan goes on with it; to load it anew:" : "to go on with it:";
  const environment = view.environment.name;
  return {
    held: stores.length === 0 ? "" : `; ${hold} in ${stores.join(" and ")} holds ${backup}`,
    fix: [
      goOn,
      `dbops apply ${plan}`,
      "if nobody wants it:",
      `dbops plan ${environment} --discard`,
      ...(stores.length === 0 ? [] : [`dbops plan ${environment} release ${backup}`]),
    ].join("\n"),
  };
}
