import type { Backup } from "../model/backup.ts";
import type { Listing } from "../model/observation.ts";
import type { PruneStep, PruneTarget, Step } from "../model/step.ts";
import { type Problem, problem } from "../problems/problem.ts";
import { isScripts } from "./retention.ts";

/** What the rail looks at of a backup. */
export type Sized = Pick<Backup, "layout" | "origin">;

/**
 * The last rail, over a whole plan: never more than half of what a database will have in one store, nor more than half of
 * what dbops made of it: any number of the scripts' files makes the deletion of those no smaller.
 * `all`: its complete backups there, those of the plan included.
 */
export function sizeRail(
  where: { readonly database: string; readonly store: string },
  { pruned, all }: { readonly pruned: readonly Sized[]; readonly all: readonly Sized[] },
  allowLargePrune: boolean,
): Problem | null {
  if (allowLargePrune) return null;
  const isOwn = (one: Sized) => !isScripts(one);
  const own = { pruned: pruned.filter(isOwn), all: all.filter(isOwn) };
  if (isMoreThanHalf({ pruned, all })) return tooLarge(where, { pruned, all }, "backups");
  return isMoreThanHalf(own) ? tooLarge(where, own, "backups that dbops made") : null;
}

interface Amounts {
  readonly pruned: readonly Sized[];
  readonly all: readonly Sized[];
}

function isMoreThanHalf({ pruned, all }: Amounts): boolean {
  return pruned.length * 2 > all.length;
}

function tooLarge(
  { database, store }: { readonly database: string; readonly store: string },
  { pruned, all }: Amounts,
  what: string,
): Problem {
  return problem(
    "PRUNE_TOO_LARGE",
    `${pruned.length} of ${all.length} ${what} of ${database} in ${store} would be deleted, so none of them is`,
    { fix: "look at the reasons, then plan again with --allow-large-prune" },
  );
}

/**
 * The same rail at deletion, over the steps of the plan and a fresh listing: what the plan deletes of a database in one
 * store, what is gone already included, must not be more than what it leaves there now.
 */
export function planSizeRail(
  step: PruneStep,
  steps: readonly Step[],
  listing: Extract<Listing, { state: "listed" }>,
): Problem | null {
  const { target, database, store } = step;
  if (!isPoint(target)) return null;
  const there = new Map(listing.backups.map((one) => [one.name, one]));
  const names = new Set(
    steps.flatMap((one) =>
      one.kind === "prune" && one.database === database && one.store === store && isPoint(one.target)
        ? [one.target.name]
        : [],
    ),
  );
  const pruned = [...names].map((name) => there.get(name) ?? GONE);
  const left = listing.backups.filter((one) => one.state === "complete" && !names.has(one.name));
  const amounts = { pruned, all: [...pruned, ...left] };
  return sizeRail({ database, store }, amounts, target.expect.allowLargePrune === true);
}

/** What is gone already is not told any more: it counts among all, and the plan was made with it among dbops' own. */
const GONE: Sized = { layout: "classic", origin: null };

/** True for a target that is a restore point. */
function isPoint(target: PruneTarget): target is Extract<PruneTarget, { type: "backup" | "orphan" }> {
  return target.type === "backup" || target.type === "orphan";
}
