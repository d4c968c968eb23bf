import type { Origin } from "../model/backup.ts";
import { type Instant, parseStamp } from "../model/instant.ts";
import { backupName, freeStamp } from "../model/layout.ts";
import { type Problem, problem } from "../problems/problem.ts";
import type { DatabaseView } from "./database-view.ts";
import { layoutOf, type NewBackup } from "./new-backup.ts";
import type { Made, StoreDecision } from "./store-decision.ts";

/** What a new backup is made for. */
export interface Occasion {
  readonly store: string;
  readonly origin: Origin;
  readonly slotAt: Instant | null;
  readonly label: string | null;
  readonly hold: string | null;
  readonly why: string;
}

/** Why no backup of a database can be made into a store; null: nothing is in the way. */
export function obstacleTo(view: DatabaseView, store: string): string | null {
  if (!view.stores.some((one) => one.store === store)) return `${store} cannot be read`;
  return databaseObstacle(view);
}

/** Why a database cannot be dumped, wherever to; null: nothing is in the way. */
export function databaseObstacle(view: DatabaseView): string | null {
  const { observed } = view;
  if (observed?.state !== "reachable") return `the database ${view.database.name} cannot be reached`;
  const error = observed.problems.find((one) => one.severity === "error");
  return error === undefined ? null : error.summary;
}

/** Everything that was found wrong with a database. */
export function databaseProblems(view: DatabaseView): readonly Problem[] {
  const { observed, database } = view;
  if (observed === undefined)
    return [problem("DATABASE_UNREACHABLE", `${database.name} was not looked at`, { fix: "observe again" })];
  return observed.state === "reachable" ? observed.problems : [observed.problem];
}

/** The backup that is going to be made, as retention counts it. */
export function madeBy(view: DatabaseView, occasion: Occasion): Made {
  const environment = view.environment.name;
  const database = view.database.name;
  const stamp = freeStamp(view.nowAt, (one) =>
    view.stores.some((store) => store.byName.has(backupName(environment, database, one))),
  );
  return {
    store: occasion.store,
    point: {
      name: backupName(environment, database, stamp),
      at: parseStamp(stamp) ?? view.nowAt, // as the name will tell it, never before the backup of this very second
      layout: layoutOf(view.database.backup.format),
      origin: occasion.origin,
      holds: occasion.hold === null ? [] : [occasion.hold],
      proofs: [],
    },
  };
}

/** The backup with a copy into every other store that keeps it. */
export function newBackupFor(
  view: DatabaseView,
  occasion: Occasion,
  decisions: readonly StoreDecision[],
): NewBackup {
  const copies = decisions.flatMap(({ view: { store }, made }) =>
    store === occasion.store || made?.verdict !== "keep"
      ? []
      : [{ store, why: `${store} keeps it: ${made.reasons.join(", ")}` }],
  );
  const bytes = view.observed?.state === "reachable" ? view.observed.sizeBytes : 0;
  return { ...occasion, database: view.database, bytes, copies };
}
