import type { Facts } from "../model/audit-entry.ts";
import type { CreateStep } from "../model/restore-steps.ts";
import type { Action, ProbeRun, Standing, StepRun } from "./handler.ts";
import { plannedServer } from "./restore/planned-server.ts";
import { lookAtSide, makeSide, takeOver } from "./restore/side-database.ts";

/** Makes the side database, or takes over the one that the plan continues. One that an earlier attempt left is empty: nothing is loaded before this step has ended. */
export const create: Action<CreateStep> = {
  shape: "action",
  guard: "restore",

  async probe(step: CreateStep, run: ProbeRun): Promise<Standing> {
    await plannedServer({ database: step.database, live: liveOf(step, run) }, run);
    const side = await lookAtSide(step, run);
    switch (side.state) {
      case "foreign":
        return { state: "blocked", problem: side.problem };
      case "absent":
      case "continued":
        return { state: "ready" };
      case "side":
      case "loaded": {
        const { name, oid } = side.database;
        return { state: "done", evidence: `this plan made ${name}`, facts: { name, oid } };
      }
    }
  },

  async execute(step: CreateStep, run: StepRun): Promise<Facts> {
    const side = await lookAtSide(step, run);
    if (side.state === "continued") return { ...(await takeOver(step, side.database, run)) };
    return { ...(await makeSide(step, run)) };
  },
};

/** The name that the plan is about; a plan without a swap is about the side database alone. */
function liveOf(step: CreateStep, run: ProbeRun): string {
  const swap = run.plan.steps.find((one) => one.kind === "swap" && one.side === step.name);
  return swap?.kind === "swap" ? swap.live : step.name;
}
