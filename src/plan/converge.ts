import { coversSlots } from "../policy/retention.ts";
import { type DueSlot, dueSlot, MISSED_SLOTS_COUNTED } from "../policy/schedule.ts";
import { completeOf } from "../policy/union.ts";
import { type Problem, problem } from "../problems/problem.ts";
import type { DatabaseView } from "./database-view.ts";
import { type Draft, joinDrafts } from "./draft.ts";
import {
  databaseObstacle,
  databaseProblems,
  madeBy,
  newBackupFor,
  type Occasion,
  obstacleTo,
} from "./due-backup.ts";
import { retireKept } from "./kept-databases.ts";
import { renderInstant } from "./naming.ts";
import { newBackupSteps, uploadId } from "./new-backup.ts";
import { retain } from "./retain.ts";
import { decideStore } from "./store-decision.ts";

/**
 * Everything that one database lacks: the due backup with its copies, missing copies, then deletions.
 *
 * No restore point is deleted while no backup can be made: when a database cannot be reached or read, its backups may
 * be all that is left of it, even where no slot is due.
 */
export function convergeDatabase(
  view: DatabaseView,
  options: { readonly allowLargePrune: boolean; readonly discard: boolean },
): Draft {
  const due = dueSlot(view.database.backup.schedules, coveringOf(view), view.nowAt);
  const first = view.database.backup.stores[0]?.store ?? "";
  const obstacle = due === null ? null : obstacleTo(view, first);
  const occasion = due === null || obstacle !== null ? null : occasionOf(due, first);
  const made = occasion === null ? null : madeBy(view, occasion);
  const decisions = view.stores.map((store) => decideStore(view, store, made));
  const backup = occasion === null ? [] : newBackupSteps(newBackupFor(view, occasion, decisions));
  const barred = databaseObstacle(view);
  const found = [...databaseProblems(view), ...aheadProblems(view)];
  return joinDrafts([
    {
      steps: backup,
      problems: found.filter((one) => one.severity === "error"),
      notices: [...found.filter((one) => one.severity === "warning"), ...slotNotices(view, due, obstacle)],
      decisions: [],
    },
    retain(view, decisions, {
      made,
      copying: true,
      blockers: blockersOf(view),
      pointBlockers: barred === null ? [] : [`no backup can be made now: ${barred}`],
      allowLargePrune: options.allowLargePrune,
    }),
    retireKept(view, {
      discard: options.discard,
      blockers: blockersOf(view),
      after: made === null ? null : uploadId(view.database.name),
    }),
  ]);
}

/** Why nothing of a database is deleted, anywhere. */
export function blockersOf(view: DatabaseView): readonly string[] {
  return [
    ...view.unreadable.map((one) => `the store ${one.store} cannot be read`),
    ...[...view.ahead].sort().map((name) => `${name} is dated in the future`),
  ];
}

/** One problem for each backup that is dated later than its store's clock. */
export function aheadProblems(view: DatabaseView): readonly Problem[] {
  return [...view.ahead].sort().map((name) => {
    const stores = view.stores.filter((one) => one.byName.has(name)).map((one) => one.store);
    return problem(
      "CLOCK_AHEAD",
      `${name} in ${stores.join(", ")} is dated later than the clock of the store; it covers no slot, and nothing of ${view.database.name} is deleted`,
      { fix: "set the clocks of the database server and the store right, then plan again" },
    );
  });
}

function coveringOf(view: DatabaseView): readonly { readonly at: string }[] {
  return view.stores
    .flatMap(completeOf)
    .filter((backup) => coversSlots(backup) && !view.ahead.has(backup.name));
}

function occasionOf(due: DueSlot, store: string): Occasion {
  const why = `${due.schedule} slot ${renderInstant(due.at)} is not covered`;
  return { store, origin: "scheduled", slotAt: due.at, label: null, hold: null, why };
}

function slotNotices(view: DatabaseView, due: DueSlot | null, obstacle: string | null): readonly Problem[] {
  if (due === null) return [];
  const name = view.database.name;
  const slot = `${due.schedule} slot ${renderInstant(due.at)}`;
  const notices: Problem[] = [];
  if (obstacle !== null)
    notices.push(
      problem("BACKUP_OVERDUE", `${name}: ${slot} is due, and no backup is planned: ${obstacle}`, {
        severity: "warning",
      }),
    );
  if (due.missed !== null) {
    const more = due.missed.count === MISSED_SLOTS_COUNTED ? " or more" : "";
    const detail = `${name}: ${due.missed.count}${more} before the ${slot}, the newest ${renderInstant(due.missed.newestAt)}`;
    notices.push(problem("SLOT_MISSED", detail, { severity: "warning" }));
  }
  return notices;
}
