import type { Facts } from "../model/audit-entry.ts";
import type { CreateStep, SwapStep } from "../model/restore-steps.ts";
import type { TargetFacts } from "../model/restore-target.ts";
import type { Action, ProbeRun, Standing, StepRun } from "./handler.ts";
import { plannedServer } from "./restore/planned-server.ts";
import { lookAtSide, makeSide, takeOver } from "./restore/side-database.ts";
import { swapRefusal } from "./restore/swap-refusal.ts";

/** Makes the side database, or takes over the one that the plan continues. One that an earlier attempt left is empty: nothing is loaded before this step has ended. */
export const create: Action<CreateStep> = {
  shape: "action",
  guard: "restore",

  async probe(step: CreateStep, run: ProbeRun): Promise<Standing> {
    const swap = swapOf(step, run);
    // A plan without a swap is about the side database alone.
    const server = await plannedServer({ database: step.database, live: swap?.live ?? step.name }, run);
    const side = await lookAtSide(step, run);
    switch (side.state) {
      case "foreign":
        return { state: "blocked", problem: side.problem };
      case "absent":
      case "continued":
        return standingBeforeLoad(swap, server, run);
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

function swapOf({ name }: CreateStep, { plan }: ProbeRun): SwapStep | null {
  const swap = plan.steps.find((one) => one.kind === "swap" && one.side === name);
  return swap?.kind === "swap" ? swap : null;
}

/** Nothing is loaded for a swap that would be refused. */
async function standingBeforeLoad(
  swap: SwapStep | null,
  server: TargetFacts,
  run: ProbeRun,
): Promise<Standing> {
  if (swap === null) return { state: "ready" };
  const old = await run.ports.restoreTarget(swap.database).find(swap.old, run.signal);
  const problem = swapRefusal(swap, { server, places: { live: server.live, old } }, run);
  return problem === null ? { state: "ready" } : { state: "blocked", problem };
}
