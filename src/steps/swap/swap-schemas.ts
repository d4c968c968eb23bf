import type { Facts } from "../../model/audit-entry.ts";
import { planAgain } from "../../model/plan-again.ts";
import type { SwapSchemasStep } from "../../model/restore-steps.ts";
import type { TargetFacts } from "../../model/restore-target.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import type { ProbeRun, Standing, StepRun } from "../handler.ts";
import { lookInPlace, placeOf } from "../restore/in-place.ts";
import { plannedServer } from "../restore/planned-server.ts";
import type { Variant } from "../verify/variant.ts";

/**
 * Makes room in the live database by renaming its schemas, and ends that: with what was loaded and checked, or, where it was not,
 * with everything as it was.
 */
export const swapSchemas: Variant<SwapSchemasStep> = {
  async probe(step: SwapSchemasStep, run: ProbeRun): Promise<Standing> {
    const server = await plannedServer(step, run);
    switch (step.direction) {
      case "aside":
        return standingOfAside(step, server, run);
      case "keep":
        return standingOfKeep(step, run);
      case "back":
        return standingOfBack(step, run);
    }
  },

  async execute(step: SwapSchemasStep, run: StepRun): Promise<Facts> {
    await run.assertHeld();
    const { inPlace } = run.ports.restoreTarget(step.database);
    const place = placeOf(step, run);
    switch (step.direction) {
      case "aside":
        return moveAside(step, run);
      case "keep":
        await inPlace.keep(place, run.signal);
        return factsOf(step);
      case "back":
        await inPlace.moveBack(place, run.signal);
        return { ...factsOf(step), back: true };
    }
  },
};

async function standingOfAside(step: SwapSchemasStep, server: TargetFacts, run: ProbeRun): Promise<Standing> {
  const found = await lookInPlace(step, run);
  if (found.state === "over") return { state: "blocked", problem: found.problem };
  if (found.state !== "absent")
    return { state: "done", evidence: `${step.marker} says that they were moved`, facts: factsOf(step) };
  const refusal = slotRefusal(step, server, run);
  return refusal === null ? { state: "ready" } : { state: "blocked", problem: refusal };
}

async function standingOfKeep(step: SwapSchemasStep, run: ProbeRun): Promise<Standing> {
  const found = await lookInPlace(step, run);
  switch (found.state) {
    case "over":
      return { state: "blocked", problem: found.problem };
    case "kept":
      return { state: "done", evidence: `${step.marker} says that it is in use`, facts: factsOf(step) };
    case "loaded":
      return { state: "ready" };
    case "absent":
    case "aside":
      return { state: "waiting", for: step.needs[0] ?? step.id };
  }
}

/** What was loaded and checked is never given up: apply again then goes on from there. */
async function standingOfBack(step: SwapSchemasStep, run: ProbeRun): Promise<Standing> {
  const isMoved = step.needs.every((id) => run.journaled(id) !== null);
  if (!isMoved) return { state: "waiting", for: step.needs[0] ?? step.id };
  const check = run.plan.steps.find((one) => one.kind === "verify" && one.type === "database");
  const isChecked = check !== undefined && run.journaled(check.id) !== null;
  const found = await lookInPlace(step, run);
  if (found.state === "kept" || (isChecked && found.state === "loaded"))
    return { state: "done", evidence: `what was loaded into ${step.live} stays`, facts: { back: false } };
  return { state: "ready" };
}

async function moveAside(step: SwapSchemasStep, run: StepRun): Promise<Facts> {
  const moves = step.moves ?? fail("PLAN_INVALID", `${step.id} does not say which schemas`);
  const server = await plannedServer(step, run);
  const refusal = slotRefusal(step, server, run);
  if (refusal !== null) throw new DbopsError([refusal]);
  const { inPlace } = run.ports.restoreTarget(step.database);
  const of = { environment: run.plan.environment, database: step.database, backup: step.backup };
  const left = await inPlace.moveAside({ ...placeOf(step, run), moves, of }, run.signal);
  const warnings = left.map((text) => `still connected: ${text}`);
  return { ...factsOf(step), ...(warnings.length === 0 ? {} : { warnings }) };
}

function factsOf({ live, marker, expect }: SwapSchemasStep): Facts {
  return { live, liveOid: expect.liveOid, marker };
}

/** One that came since the plan was reviewed. */
function slotRefusal(step: SwapSchemasStep, server: TargetFacts, run: ProbeRun): Problem | null {
  const slots = (server.live?.slots ?? [])
    .filter((one) => one.type === "logical" && !step.lostSlots.includes(one.name))
    .map((one) => one.name);
  if (slots.length === 0) return null;
  const detail = `${step.live} has the replication slots ${slots.join(", ")} by now, whose subscribers would be sent what is loaded`;
  return problem("RESTORE_BLOCKED", detail, {
    fix: planAgain(run.plan, run.ports.environment, { acceptSlotLoss: true }),
  });
}
