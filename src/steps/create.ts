import type { Facts } from "../model/audit-entry.ts";
import type { CreateStep } from "../model/restore-steps.ts";
import type { Action, ProbeRun, Standing, StepRun } from "./handler.ts";
import { plannedServer } from "./restore/planned-server.ts";
import { lookAtSide, makeSide, takeOver } from "./restore/side-database.ts";
import { refusalBeforeLoad, swapFor } from "./restore/swap-refusal.ts";

/** Makes the side database, or takes over the one that the plan continues. One that an earlier attempt left is empty: nothing is loaded before this step has ended. */
export const create: Action<CreateStep> = {
  shape: "action",
  guard: "restore",

  async probe(step: CreateStep, run: ProbeRun): Promise<Standing> {
    const swap = swapFor(step.name, run);
    // A plan without a swap is about the side database alone.
    const server = await plannedServer({ database: step.database, live: swap?.live ?? step.name }, run);
    const side = await lookAtSide(step, run);
    switch (side.state) {
      case "foreign":
        return { state: "blocked", problem: side.problem };
      case "absent":
      case "continued": {
        const problem = await refusalBeforeLoad(swap, server, run);
        return problem === null ? { state: "ready" } : { state: "blocked", problem };
      }
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
