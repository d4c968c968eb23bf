import { Readable } from "node:stream";
import { planKey } from "../model/layout.ts";
import type { Plan } from "../model/plan.ts";
import { renderPlan } from "../plan/plan-file.ts";
import { History, recall } from "./history.ts";
import { findHead } from "./journal.ts";
import { readLock } from "./lock-file.ts";
import type { Records } from "./sessions.ts";
import type { Unit } from "./units.ts";

/** Keeps the plan under its digest, so that it can be resumed without the file; `exists` when a run before kept it. */
export async function storePlan(records: Records, plan: Plan): Promise<"stored" | "exists"> {
  const body = Readable.from([Buffer.from(renderPlan(plan))], { objectMode: false });
  const answer = await records.store.write(planKey(plan.plan), body, {}, AbortSignal.timeout(60_000));
  return answer === "exists" ? "exists" : "stored";
}

/** What all journals say about a plan; empty when it was never stored, and so never begun. */
export async function recallPlan(
  records: Records,
  plan: Plan,
  units: readonly Unit[],
  signal: AbortSignal,
): Promise<History> {
  const history = new History();
  if ((await records.store.head(planKey(plan.plan), signal)) === null) return history;
  for (const scope of scopesOf(units)) {
    const lock = await readLock(records.store, scope, signal);
    const head = await findHead(records.store, scope, lock?.file.head ?? null, signal);
    await recall(history, { store: records.store, scope, head }, plan, signal);
  }
  return history;
}

/** True when every scope of the plan says that all its steps have ended well. */
export function isApplied(history: History, units: readonly Unit[]): boolean {
  const scopes = scopesOf(units);
  return scopes.length > 0 && scopes.every((scope) => history.isApplied(scope));
}

function scopesOf(units: readonly Unit[]): readonly string[] {
  return [...new Set(units.map((unit) => unit.scope))].sort();
}
