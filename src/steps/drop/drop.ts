import type { Facts } from "../../model/audit-entry.ts";
import type { DropStep } from "../../model/restore-steps.ts";
import type { FoundDatabase } from "../../ports/restore-target.ts";
import { DbopsError } from "../../problems/dbops-error.ts";
import type { Problem } from "../../problems/problem.ts";
import { resolveName } from "../backup-facts.ts";
import type { Action, ProbeRun, Standing, StepRun } from "../handler.ts";
import { keptRefusal, openRefusal } from "../restore/kept-database.ts";
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
    await noteBackup(step, found, run);
    await run.ports.restoreTarget(step.database).drop({ name: step.name, oid: step.expect.oid }, run.signal);
    return { name: step.name, oid: step.expect.oid };
  },
};

async function look(step: DropStep, run: ProbeRun): Promise<FoundDatabase | null> {
  await plannedServer({ database: step.database, live: step.name }, run);
  return run.ports.restoreTarget(step.database).find(step.name, run.signal);
}

async function refusalOf(step: DropStep, found: FoundDatabase, run: ProbeRun): Promise<Problem | null> {
  const { database, name, expect } = step;
  const refusal = await keptRefusal({ database, name, oid: expect.oid }, found, run);
  if (refusal !== null) return refusal;
  const { note } = found;
  if (expect.backup === null || note === null || note.state !== "old") return null;
  return openRefusal(found) ?? backupRefusal(step, { backup: expect.backup, note }, run);
}

/** A drop that the server refuses (somebody holds it) is planned again: with this backup, and not with another dump. */
async function noteBackup(step: DropStep, { note }: FoundDatabase, run: StepRun): Promise<void> {
  const { backup, oid } = step.expect;
  const keptAs = backup === null ? null : resolveName(backup, run);
  if (keptAs === null || note === null || note.state !== "old" || note.keptAs === keptAs) return;
  const target = run.ports.restoreTarget(step.database);
  await target.setNote({ name: step.name, oid }, { ...note, keptAs }, run.signal);
}
