import type { Facts } from "../model/audit-entry.ts";
import type { AnalyzeStep } from "../model/restore-steps.ts";
import { fail } from "../problems/dbops-error.ts";
import type { Action, ProbeRun, Standing, StepRun } from "./handler.ts";
import { loadedSide, standingOnSide } from "./restore/side-database.ts";

/** Gathers statistics in the side database: without them its first queries would be planned blindly. */
export const analyze: Action<AnalyzeStep> = {
  shape: "action",
  guard: "restore",

  probe(step: AnalyzeStep, run: ProbeRun): Promise<Standing> {
    return standingOnSide(step, run);
  },

  async execute(step: AnalyzeStep, run: StepRun): Promise<Facts> {
    const { name } = await loadedSide(step, run);
    await run.ports.restoreTarget(step.database).analyze({ name, jobs: jobsFor(step, run) }, run.signal);
    return { name };
  },
};

/** As many sessions as the load that fills it. */
function jobsFor({ id, name }: AnalyzeStep, { plan }: ProbeRun): number {
  const load = plan.steps.find((one) => one.kind === "load" && one.into === name);
  return load?.kind === "load" ? load.jobs : fail("PLAN_INVALID", `${id} has no load behind which it comes`);
}
