import { runPlan } from "../../src/apply/run-plan.ts";
import type { Step } from "../../src/model/step.ts";
import type { RunEvent } from "../../src/ports/view.ts";
import { fail } from "../../src/problems/dbops-error.ts";
import type { Standing } from "../../src/steps/handler.ts";
import { memoryStore } from "../support/memory-store.ts";
import { optionsOf, planOf, recordsOf } from "./build.ts";
import { syntheticHandlers, type Watch } from "./synthetic-handlers.ts";

/** `standing`: what every hold step finds; null: whether its object is there. `sink`: what every upload finds. */
export function worldOf(
  watch: Watch = () => undefined,
  standing: Standing | null = null,
  sink: Standing = { state: "ready" },
) {
  const records = memoryStore();
  const primary = memoryStore();
  const effects: string[] = [];
  const ended = new Map<string, string>();
  const notices: string[] = [];
  const onEvent = (event: RunEvent) => {
    if (event.event === "notice") notices.push(event.text);
    if (event.event === "end") ended.set(event.ended.step.id, event.ended.outcome);
  };
  const handlers = syntheticHandlers(async (step, signal) => {
    await watch(step, signal);
    effects.push(step.id);
  });
  const hold = standing === null ? handlers.hold : { ...handlers.hold, probe: async () => standing };
  const upload = { ...handlers.upload, probe: async () => sink };
  const dr = memoryStore();
  const stores = { primary, dr };
  return {
    records,
    primary,
    dr,
    effects,
    notices,
    outcomes: () => Object.fromEntries(ended),
    run: (steps: readonly Step[], more: { parallelism?: number; whenLocked?: "skip" } = {}) =>
      runPlan(
        planOf(steps),
        optionsOf(recordsOf(records), stores, { handlers: { ...handlers, hold, upload }, onEvent, ...more }),
      ),
  };
}

/** Every effect waits until the test releases it. */
export function gatedWorld() {
  const begun: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const gateOf = (step: string) => {
    const gate = gates.get(step) ?? Promise.withResolvers<void>();
    gates.set(step, gate);
    return gate;
  };
  const world = worldOf((step) => {
    begun.push(step.id);
    return gateOf(step.id).promise;
  });
  return { run: world.run, primary: world.primary, begun, release: (step: string) => gateOf(step).resolve() };
}

export function failing(...steps: readonly string[]): Watch {
  return (step) => {
    if (steps.includes(step.id)) fail("STEP_FAILED", step.id);
  };
}
