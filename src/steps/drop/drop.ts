import type { Facts } from "../../model/audit-entry.ts";
import { isMadeName } from "../../model/made-database.ts";
import type { DropStep } from "../../model/restore-steps.ts";
import type { MadeNote } from "../../model/restore-target.ts";
import type { FoundDatabase } from "../../ports/restore-target.ts";
import { DbopsError } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import type { Action, ProbeRun, Standing, StepRun } from "../handler.ts";
import { plannedServer } from "../restore/planned-server.ts";
import { backupRefusal } from "./backup-refusal.ts";

/**
 * Removes a database that a restore replaced or never finished, and no other one: its name, its oid and its comment must say
 * so, and a backup of it that the plan counts on must be there.
 */
export const drop: Action<DropStep> = {
  shape: "action",
  guard: "lock",

  async probe(step: DropStep, run: ProbeRun): Promise<Standing> {
    const missing = step.needs.find((id) => run.journaled(id) === null);
    if (missing !== undefined) return { state: "waiting", for: missing };
    const found = await look(step, run);
    if (found === null)
      return { state: "done", evidence: `there is no database ${step.name}`, facts: { name: step.name } };
    const refusal = await refusalOf(step, found, run);
    return refusal === null ? { state: "ready" } : { state: "blocked", problem: refusal };
  },

  async execute(step: DropStep, run: StepRun): Promise<Facts> {
    const found = await look(step, run);
    if (found === null) return { name: step.name };
    const refusal = await refusalOf(step, found, run);
    if (refusal !== null) throw new DbopsError([refusal]);
    await run.assertHeld();
    await run.ports.restoreTarget(step.database).drop({ name: step.name, oid: step.expect.oid }, run.signal);
    return { name: step.name, oid: step.expect.oid };
  },
};

async function look(step: DropStep, run: ProbeRun): Promise<FoundDatabase | null> {
  await plannedServer({ database: step.database, live: step.name }, run);
  return run.ports.restoreTarget(step.database).find(step.name, run.signal);
}

async function refusalOf(step: DropStep, found: FoundDatabase, run: ProbeRun): Promise<Problem | null> {
  const { name, expect } = step;
  const fix = `dbops plan ${run.plan.environment}`;
  const refuse = (detail: string) => problem("PRUNE_REFUSED", detail, { fix });
  if (!isMadeName(name)) return refuse(`${name} is no name that dbops gives to a database`);
  if (found.oid !== expect.oid)
    return problem("TARGET_CHANGED", `${name} has oid ${found.oid}, not ${expect.oid}`, { fix });
  const { note } = found;
  if (note === null) return refuse(`the comment of ${name} does not say that dbops made it`);
  if (note.environment !== run.plan.environment || note.database !== step.database)
    return refuse(`${name} is of ${note.database} of ${note.environment}, as its comment says`);
  if (note.state !== "old") return whileRestoring(step, note, run);
  return expect.backup === null ? null : backupRefusal(step, { backup: expect.backup, note }, run);
}

/** A side database may be what a restore works on at this moment. */
async function whileRestoring(step: DropStep, note: MadeNote, run: ProbeRun): Promise<Problem | null> {
  const holder = await run.leaseHolder(step.database, "restore");
  if (holder === null) return null;
  const detail = `${step.database} is being restored by ${holder}, maybe into ${step.name} (from ${note.backup})`;
  return problem("PRUNE_REFUSED", detail, { fix: "wait until it has ended, then apply again" });
}
