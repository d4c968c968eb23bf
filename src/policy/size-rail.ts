import type { Listing } from "../model/observation.ts";
import type { PruneStep, PruneTarget, Step } from "../model/step.ts";
import { type Problem, problem } from "../problems/problem.ts";

/**
 * The last rail, over a whole plan: never more than half of what a database will have in one store.
 * `total` counts its complete backups there, those of the plan included.
 */
export function sizeRail(
  where: { readonly database: string; readonly store: string },
  counts: { readonly pruned: number; readonly total: number },
  allowLargePrune: boolean,
): Problem | null {
  if (allowLargePrune || counts.pruned * 2 <= counts.total) return null;
  return problem(
    "PRUNE_TOO_LARGE",
    `${counts.pruned} of ${counts.total} backups of ${where.database} in ${where.store} would be deleted, so none of them is`,
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
  const names = new Set(
    steps.flatMap((one) =>
      one.kind === "prune" && one.database === database && one.store === store && isPoint(one.target)
        ? [one.target.name]
        : [],
    ),
  );
  const left = listing.backups.filter((one) => one.state === "complete" && !names.has(one.name)).length;
  const counts = { pruned: names.size, total: names.size + left };
  return sizeRail({ database, store }, counts, target.expect.allowLargePrune === true);
}

/** True for a target that is a restore point. */
function isPoint(target: PruneTarget): target is Extract<PruneTarget, { type: "backup" | "orphan" }> {
  return target.type === "backup" || target.type === "orphan";
}
