import { recallPlan } from "../apply/stored-plan.ts";
import { unitsOf } from "../apply/units.ts";
import { failedDigest } from "../model/made-database.ts";
import type { Plan } from "../model/plan.ts";
import type { Applied, FollowUp } from "../model/report.ts";
import type { LoadStep } from "../model/restore-steps.ts";
import { configDigest, foreignIn } from "../plan/config-digest.ts";
import { renderPlan } from "../plan/plan-file.ts";
import { followUp } from "../plan/restore/follow-up.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { handlers } from "../steps/handlers.ts";
import type { Connection, Context } from "./context.ts";
import { isDigest } from "./find-plan.ts";
import { defaultPlanFile, planFileBeside, writeNewFile } from "./output-file.ts";

export interface Ended {
  readonly connection: Connection;
  /** What the plan was named by: a file, or a digest. */
  readonly reference: string;
  readonly steps: Applied["steps"];
}

/**
 * Where a restore failed only at entries of the archive, writes the plan that goes on without them, beside the first one;
 * null where there is nothing to go on from, or data is missing. What keeps it from being written is told and fails nothing.
 */
export async function writeFollowUp(context: Context, plan: Plan, ended: Ended): Promise<FollowUp | null> {
  const load = plan.steps.find((one) => one.kind === "load");
  const failed = ended.steps.find(({ step }) => step.id === load?.id)?.problems[0];
  if (load?.kind !== "load" || failed?.code !== "LOAD_FAILED" || context.signal.aborted) return null;
  try {
    const next = await followUpOf(context, plan, { ...ended, load });
    if (next === null) return null;
    const isNumbered = plan.steps.some((one) => one.kind === "create" && one.continues !== undefined);
    const nameOf = (number: number) =>
      isDigest(ended.reference)
        ? defaultPlanFile(next.operation, next.createdAt, number)
        : planFileBeside({ file: ended.reference, isNumbered }, number + 1);
    return { file: await writeNewFile(context, nameOf, renderPlan(next)), plan: next.plan };
  } catch (error) {
    if (!(error instanceof DbopsError)) throw error;
    context.view.problems(error.problems.map((one) => ({ ...one, severity: "warning" as const })));
    return null;
  }
}

/** The side database says whether there is something to go on from, the journal what failed. */
async function followUpOf(
  { signal, clock }: Context,
  plan: Plan,
  { connection, load, steps }: Ended & { readonly load: LoadStep },
): Promise<Plan | null> {
  const { ports, records } = connection;
  const note = (await ports.restoreTarget(load.database).find(load.into, signal))?.note;
  if (note?.state !== "partial" || note.plan !== plan.plan) return null;
  const history = await recallPlan(records, plan, unitsOf(plan, handlers), signal);
  const facts = history.facts(load.id);
  const failed = textsOf(facts?.["failed"]);
  if (failedDigest(failed) !== note.failed) return null;
  const name = foreignIn(plan.environment, plan.steps);
  const from = name === null ? null : (await ports.elsewhere(name)).environment;
  const digestNow = (some: Plan["steps"]) => configDigest(ports.environment, some, from);
  // A begun plan outlives an edit of the file; one that was never begun does not.
  const isEdited = digestNow(plan.steps) !== plan.config;
  const partial = {
    failed,
    unlisted: textsOf(facts?.["unlisted"]),
    done: new Set(
      steps.filter(({ outcome }) => outcome !== "failed" && outcome !== "skipped").map(({ step }) => step.id),
    ),
    config: (some: Plan["steps"]) => (isEdited ? plan.config : digestNow(some)),
  };
  return followUp(plan, partial, clock.now());
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
