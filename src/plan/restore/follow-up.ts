import { digestOf } from "../../model/canonical.ts";
import { isDataEntry } from "../../model/data-entry.ts";
import { type Instant, instantOf, msOf } from "../../model/instant.ts";
import { failedDigest } from "../../model/made-database.ts";
import type { Plan } from "../../model/plan.ts";
import type { CreateStep, LoadStep } from "../../model/restore-steps.ts";
import type { Step } from "../../model/step.ts";
import { fail } from "../../problems/dbops-error.ts";
import { summaryOf } from "../seal-plan.ts";

/** What a plan's load left: all that was there in its side database, but for these. */
export interface PartialLoad {
  /** Whole lines of the entries that failed and that the plan does not tolerate. */
  readonly failed: readonly string[];
  /** Tables that are not in the archive because an extension makes them. */
  readonly unlisted: readonly string[];
  /** Steps that ended well. */
  readonly done: ReadonlySet<string>;
  /** The plan's `config` for some of its steps. */
  config(steps: readonly Step[]): string;
}

/**
 * The plan that goes on where the load of another one failed at entries: same side database, same pin, and those entries
 * tolerated. null where data is among them, which is given up only by name.
 */
export function followUp(plan: Plan, partial: PartialLoad, now: Instant): Plan | null {
  const { failed } = partial;
  if (failed.length === 0 || failed.some(isDataEntry)) return null;
  const load = plan.steps.find((one) => one.kind === "load");
  if (load?.kind !== "load") return fail("PLAN_INVALID", `plan ${plan.plan} loads nothing`);
  const from = { plan: plan.plan, load, ...partial };
  const steps = remaining(plan.steps, load, partial.done).map((step) => continued(step, from));
  const { plan: _digest, ...header } = plan;
  const content = {
    ...header,
    createdAt: now,
    expiresAt: instantOf(msOf(now) + msOf(plan.expiresAt) - msOf(plan.createdAt)),
    config: partial.config(steps),
    summary: summaryOf(steps),
    steps,
  };
  return { ...content, plan: digestOf(content) };
}

/**
 * What leads to the load stays, done or not: there the side database is found, and the backup that it is compared with. Of
 * the rest, a backup that is made before the swap, what is done goes, unless something needs it that is not.
 */
function remaining(steps: readonly Step[], load: LoadStep, done: ReadonlySet<string>): readonly Step[] {
  const kept = new Set([load.id]);
  for (const step of steps.toReversed()) {
    if (!done.has(step.id)) kept.add(step.id);
    if (kept.has(step.id)) for (const id of [...step.needs, ...madeBy(step)]) kept.add(id);
  }
  return steps
    .filter((step) => kept.has(step.id))
    .map((step) => ({ ...step, after: step.after.filter((id) => kept.has(id)) }));
}

/** Steps stand behind all that they name. */
function madeBy(step: Step): readonly string[] {
  if (!("backup" in step) || typeof step.backup === "string") return [];
  return "made" in step.backup ? [step.backup.made] : [];
}

type From = Pick<PartialLoad, "failed" | "unlisted"> & { readonly plan: string; readonly load: LoadStep };

function continued(step: Step, { plan, load, failed, unlisted }: From): Step {
  const named = `plan ${plan.slice(0, 12)}`;
  switch (step.kind) {
    case "create": {
      const continues: CreateStep["continues"] = { plan, failed: failedDigest(failed), unlisted };
      return { ...step, why: `${named} made and loaded it: it is taken over as it stands`, continues };
    }
    case "load": {
      const entries = failed.length === 1 ? "1 entry" : `${failed.length} entries`;
      const why = `${named} has loaded all but ${entries}, tolerated here: only if it is gone is it loaded anew`;
      return { ...step, why, tolerate: merged(step.tolerate, failed) };
    }
    case "verify":
      if (step.type !== "database" || step.name !== load.into) return step;
      return { ...step, without: merged(step.without, failed) };
    default:
      return step;
  }
}

function merged(some: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...some, ...more])].sort();
}
