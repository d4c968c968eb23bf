import { isMadeName } from "../../model/made-database.ts";
import { planAgain } from "../../model/plan-again.ts";
import type { CreateStep } from "../../model/restore-steps.ts";
import type { MadeNote } from "../../model/restore-target.ts";
import type { NamedDatabase } from "../../ports/restore-target.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import type { ProbeRun, Standing, StepRun } from "../handler.ts";
import { asideOf, type InPlace, lookInPlace } from "./in-place.ts";

/** The side database of a plan, as its server has it. */
export type Side =
  /** Nor is one there whose comment says whose it is: `create` takes over what an earlier attempt began, and refuses any other. */
  | { readonly state: "absent" }
  /** This plan made it, and it is empty or half loaded. */
  | { readonly state: "side"; readonly database: NamedDatabase }
  /** This plan loaded it, whole. */
  | { readonly state: "loaded"; readonly database: NamedDatabase }
  /** The plan that this one continues loaded it, but for entries that this one tolerates; it is not taken over yet. */
  | { readonly state: "continued"; readonly database: NamedDatabase }
  /** Another plan's: never touched. */
  | { readonly state: "foreign"; readonly problem: Problem };

/** Which database of a server is meant, and whose. */
export interface SideName {
  /** The declared one. */
  readonly database: string;
  readonly name: string;
}

/** As its comment says; where the live database itself is restored in place, as its marker does. */
export async function lookAtSide({ database, name }: SideName, run: ProbeRun): Promise<Side> {
  const aside = asideOf(name, run);
  if (aside !== null) return sideInPlace(await lookInPlace(aside, run));
  if (!isMadeName(name)) fail("PLAN_INVALID", `${name} is no name that dbops gives to a database`);
  const found = await run.ports.restoreTarget(database).find(name, run.signal);
  const note = found?.note ?? null;
  if (found === null || note === null) return { state: "absent" };
  if (isContinued(note, { database, name }, run)) return { state: "continued", database: found };
  if (!isOfThisPlan(note, database, run) || note.state === "old")
    return { state: "foreign", problem: foreign(found, note, run) };
  return { state: note.state === "loaded" ? "loaded" : "side", database: found };
}

function sideInPlace(found: InPlace): Side {
  switch (found.state) {
    case "absent":
      return found;
    case "aside":
      return { state: "side", database: found.database };
    case "loaded":
    case "kept":
      return { state: "loaded", database: found.database };
    case "over":
      return { state: "foreign", problem: found.problem };
  }
}

/** Where a step stands that works in the loaded side database. */
export async function standingOnSide(step: SideName, run: ProbeRun): Promise<Standing> {
  const side = await lookAtSide(step, run);
  if (side.state === "foreign") return { state: "blocked", problem: side.problem };
  if (side.state === "loaded") return { state: "ready" };
  const load = run.plan.steps.find((one) => one.kind === "load" && one.into === step.name);
  if (load === undefined) return fail("PLAN_INVALID", `the plan loads nothing into ${step.name}`);
  // It ended: then the side database should be there.
  if (run.journaled(load.id)?.["loaded"] !== true) return { state: "waiting", for: load.id };
  return { state: "blocked", problem: lost(step, side, run) };
}

/** The loaded side database of this plan; throws where there is none. */
export async function loadedSide(step: SideName, run: ProbeRun): Promise<NamedDatabase> {
  const side = await lookAtSide(step, run);
  if (side.state === "loaded") return side.database;
  throw new DbopsError([side.state === "foreign" ? side.problem : lost(step, side, run)]);
}

/** Makes it, empty and closed. */
export async function makeSide(create: CreateStep, run: StepRun): Promise<NamedDatabase> {
  const note = noteFor(create, "side", run);
  const target = run.ports.restoreTarget(create.database);
  return { name: create.name, oid: await target.create(create.name, create.like, note, run.signal) };
}

/** Makes a database that another plan loaded this plan's own, which tolerates what failed in it: the other plan can no longer load it anew. */
export async function takeOver(
  create: CreateStep,
  { name, oid }: NamedDatabase,
  run: StepRun,
): Promise<NamedDatabase> {
  const note = noteFor(create, "loaded", run);
  await run.ports.restoreTarget(create.database).setNote({ name, oid }, note, run.signal);
  return { name, oid };
}

/** What the comment of a database of this plan says. */
export function noteFor(
  step: { readonly database: string; readonly backup: string },
  state: "side" | "partial" | "loaded",
  run: ProbeRun,
): MadeNote {
  const { environment, plan } = run.plan;
  return { state, environment, database: step.database, backup: step.backup, plan, replacedAt: null };
}

function isOfThisPlan(note: MadeNote, database: string, run: ProbeRun): boolean {
  const { environment, plan } = run.plan;
  return note.environment === environment && note.database === database && note.plan === plan;
}

function isContinued(note: MadeNote, { database, name }: SideName, run: ProbeRun): boolean {
  const create = run.plan.steps.find((one) => one.kind === "create" && one.name === name);
  if (create?.kind !== "create" || create.continues === undefined) return false;
  const { plan, failed } = create.continues;
  const isIts = note.plan === plan && note.environment === run.plan.environment && note.database === database;
  return isIts && note.state === "partial" && note.failed === failed && note.backup === create.backup;
}

function foreign({ name, oid }: NamedDatabase, note: MadeNote, run: ProbeRun): Problem {
  const whose = `it is of ${note.database} of ${note.environment}, plan ${note.plan.slice(0, 12)}`;
  const detail = `there is a database ${name} (oid ${oid}) that this plan did not make: ${whose}`;
  const fix = `look whose it is, then plan the restore again:\n${planAgain(run.plan, run.ports.environment)}`;
  return problem("DATABASE_EXISTS", detail, { fix, final: true });
}

function lost(step: SideName, side: Side, run: ProbeRun): Problem {
  const what = side.state === "absent" ? "is gone" : "is not the one that was loaded";
  const detail = `${step.name}, into which this plan loaded ${step.database}, ${what}`;
  return problem("DATABASE_MISSING", detail, {
    fix: planAgain(run.plan, run.ports.environment),
    final: true,
  });
}
