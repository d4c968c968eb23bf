import type { Facts } from "../../model/audit-entry.ts";
import { planAgain } from "../../model/plan-again.ts";
import type { CreateStep, LoadStep, SwapSchemasStep } from "../../model/restore-steps.ts";
import type { Load, NamedDatabase } from "../../ports/restore-target.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import type { ProbeRun, StepRun } from "../handler.ts";
import { asideOf, placeOf } from "../restore/in-place.ts";
import { plannedServer } from "../restore/planned-server.ts";
import { lookAtSide, makeSide, noteFor, type SideName } from "../restore/side-database.ts";
import { refusalBeforeLoad, swapFor } from "../restore/swap-refusal.ts";

/** Where the step loads. */
export function nameOf(step: LoadStep): SideName {
  return { database: step.database, name: step.into };
}

/** The step that makes room: a database, or in place the names of its schemas. */
export function makerOf(step: LoadStep, run: ProbeRun): CreateStep | SwapSchemasStep {
  const aside = asideOf(step.into, run);
  if (aside !== null && aside.marker === step.marker) return aside;
  const found = run.plan.steps.find((one) => one.kind === "create" && one.name === step.into);
  return found?.kind === "create" ? found : fail("PLAN_INVALID", `${step.id} has nothing to load into`);
}

function continuesIn(step: LoadStep, run: ProbeRun): CreateStep["continues"] {
  const maker = makerOf(step, run);
  return maker.kind === "create" ? maker.continues : undefined;
}

/** What says that it is loaded. */
export function evidenceOf(step: LoadStep, run: ProbeRun): string {
  const continues = continuesIn(step, run);
  if (continues === undefined) return `${step.into} says that it was loaded`;
  return `plan ${continues.plan.slice(0, 12)} loaded ${step.into}; what failed in it is tolerated`;
}

/** What was noted before the comment was written, here or by the plan that this one continues. */
export function loadedFacts(step: LoadStep, { name, oid }: NamedDatabase, run: ProbeRun): Facts {
  const continues = continuesIn(step, run);
  const before = continues === undefined ? {} : { unlisted: continues.unlisted, tolerated: step.tolerate };
  return { ...before, ...run.journaled(step.id), name, oid, loaded: true };
}

/** The empty side database: the one that `create` made, or a new one where an earlier attempt's was dropped; in place the live one. */
export async function sideFor(step: LoadStep, run: StepRun): Promise<NamedDatabase> {
  const side = await lookAtSide(nameOf(step), run);
  const maker = makerOf(step, run);
  if (side.state === "absent") {
    if (maker.kind === "swap") throw new DbopsError([unmarked(step, run)]);
    const swap = swapFor(step.into, run);
    const server = await plannedServer({ database: step.database, live: swap?.live ?? step.into }, run);
    const refusal = await refusalBeforeLoad(swap, server, run);
    if (refusal !== null) throw new DbopsError([refusal]);
    return makeSide(maker, run);
  }
  if (side.state === "side") return { name: side.database.name, oid: side.database.oid };
  if (side.state === "foreign") throw new DbopsError([side.problem]);
  throw new DbopsError([changed(step, run)]);
}

/** Two runs of one plan met. */
export function changed(step: LoadStep, run: ProbeRun): Problem {
  const detail = `${step.into} was loaded by another run just now`;
  return problem("TARGET_CHANGED", detail, { fix: `dbops apply ${run.plan.plan}`, final: false });
}

/** Somebody removed the marker: nothing tells any more what was moved, and nothing is loaded over what may be there. */
export function unmarked(step: LoadStep, run: ProbeRun): Problem {
  const detail = `the schema ${step.marker} is gone from ${step.into}, which says what was moved aside for the restore`;
  return problem("TARGET_CHANGED", detail, { fix: planAgain(run.plan, run.ports.environment) });
}

/** Half a load is worth nothing: a side database goes; in place everything is put away and made room for again. */
export async function emptyAgain(step: LoadStep, side: NamedDatabase, run: StepRun): Promise<void> {
  const maker = makerOf(step, run);
  const target = run.ports.restoreTarget(step.database);
  if (maker.kind === "create") await target.drop(side, run.signal);
  else await target.inPlace.clear(placeOf(maker, run), run.signal);
}

/** Says for good that all is loaded. */
export async function markLoaded(
  step: LoadStep,
  { side, backup }: { readonly side: NamedDatabase; readonly backup: string },
  run: StepRun,
): Promise<void> {
  const maker = makerOf(step, run);
  const target = run.ports.restoreTarget(step.database);
  const note = noteFor({ database: step.database, backup }, "loaded", run);
  if (maker.kind === "create") await target.setNote(side, note, run.signal);
  else await target.inPlace.setLoaded(placeOf(maker, run), run.signal);
}

/** What a load in place is told beside the database. */
export function inPlaceOf({ marker }: LoadStep, { plan }: ProbeRun): Pick<Load, "inPlace"> {
  return marker === undefined ? {} : { inPlace: { marker, plan: plan.plan } };
}
