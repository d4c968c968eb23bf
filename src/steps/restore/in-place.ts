import { partName } from "../../model/aside-schema.ts";
import type { AsideNote } from "../../model/in-place.ts";
import { planAgain } from "../../model/plan-again.ts";
import type { SwapSchemasStep } from "../../model/restore-steps.ts";
import type { AsidePlace } from "../../ports/in-place-target.ts";
import type { NamedDatabase } from "../../ports/restore-target.ts";
import { fail } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import type { ProbeRun } from "../handler.ts";

/** How far a restore in place is, as its marker says. */
export type InPlace =
  /** Nothing was moved. */
  | { readonly state: "absent" }
  /** All is moved aside for this plan, and nothing or half of it is loaded. */
  | { readonly state: "aside"; readonly database: NamedDatabase }
  /** This plan loaded it, whole; kept: it is in use. */
  | { readonly state: "loaded" | "kept"; readonly database: NamedDatabase }
  /** It was given up, or the marker is another plan's. */
  | { readonly state: "over"; readonly problem: Problem };

/** The step that makes room in this database; null: it is not restored in place. */
export function asideOf(live: string, { plan }: ProbeRun): SwapSchemasStep | null {
  const swaps = plan.steps.filter((one) => one.kind === "swap" && one.type === "schemas");
  return swaps.find((one) => one.direction === "aside" && one.live === live) ?? null;
}

/** Where the marker is, and whose it must be. */
export function placeOf(
  { live, marker, expect }: Pick<SwapSchemasStep, "live" | "marker" | "expect">,
  { plan }: ProbeRun,
): AsidePlace {
  return { database: { name: live, oid: expect.liveOid }, marker, plan: plan.plan };
}

/** Throws TARGET_CHANGED when another database has the name. */
export async function lookInPlace(step: SwapSchemasStep, run: ProbeRun): Promise<InPlace> {
  const target = run.ports.restoreTarget(step.database);
  const { database, marker } = placeOf(step, run);
  const found = await target.find(step.live, run.signal);
  if (found?.oid !== database.oid)
    fail(
      "TARGET_CHANGED",
      `${step.live} is not the database with oid ${database.oid}, which the plan is for`,
      {
        fix: planAgain(run.plan, run.ports.environment),
      },
    );
  const note = await target.inPlace.find({ name: step.live, marker }, run.signal);
  if (note === null) return { state: "absent" };
  if (note.plan !== run.plan.plan || note.state === "back")
    return { state: "over", problem: over(step, note, run) };
  return { state: note.state, database };
}

/** What a plan does not go on from: nothing may be loaded over what has its name again. */
function over({ live, marker }: SwapSchemasStep, note: AsideNote, run: ProbeRun): Problem {
  const what =
    note.plan === run.plan.plan
      ? `this restore was given up: everything in ${live} has its name again`
      : `${marker} in ${live} is of plan ${note.plan.slice(0, 12)}`;
  return problem("TARGET_CHANGED", what, { fix: planAgain(run.plan, run.ports.environment) });
}

/** Where somebody finds what a restore loaded that does not go on, for the hint of what failed in it. */
export function whereToLook(name: string, run: ProbeRun): string {
  const aside = asideOf(name, run);
  if (aside === null) return `look at ${name}, which stays`;
  return `look at the schemas ${partName(aside.marker, 1)} … in ${name}, as which it is put away`;
}
