import type { SwapStep } from "../../model/restore-steps.ts";
import type { Action, ProbeRun, StepRun } from "../handler.ts";
import { swapDatabase } from "./swap-database.ts";
import { swapSchemas } from "./swap-schemas.ts";

/** Puts what was restored in the place of what was there: the moment that the application notices. */
export const swap: Action<SwapStep> = {
  shape: "action",
  guard: "lock",

  probe(step: SwapStep, run: ProbeRun) {
    return step.type === "database" ? swapDatabase.probe(step, run) : swapSchemas.probe(step, run);
  },

  execute(step: SwapStep, run: StepRun) {
    return step.type === "database" ? swapDatabase.execute(step, run) : swapSchemas.execute(step, run);
  },
};
