import { Readable } from "node:stream";
import { planKey } from "../model/layout.ts";
import type { Plan } from "../model/plan.ts";
import { renderPlan } from "../plan/plan-file.ts";
import { readText } from "../ports/read-object.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { History, recall } from "./history.ts";
import { findHead } from "./journal.ts";
import { readLock } from "./lock-file.ts";
import { findPlanStart, type PlanStart, parsePlanStart, renderPlanStart } from "./plan-start.ts";
import type { Records } from "./sessions.ts";
import type { Unit } from "./units.ts";

/**
 * Keeps the plan under its digest, so that it can be resumed without the file, with the place where the journals stand.
 * Does nothing when a run before kept it.
 */
export async function storePlan(records: Records, plan: Plan, units: readonly Unit[]): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  if ((await records.store.head(planKey(plan.plan), signal)) !== null) return;
  const start = renderPlanStart(await findPlanStart(records.store, scopesOf(units), signal));
  const body = Readable.from([Buffer.from(`${start}${renderPlan(plan)}`)], { objectMode: false });
  await records.store.write(planKey(plan.plan), body, {}, signal); // "exists": another run kept the same plan just now
}

/** Where the journals stood when the plan was stored; null: it never was, and so it never began. */
export async function readPlanStart(
  store: Records["store"],
  plan: Plan,
  signal: AbortSignal,
): Promise<PlanStart | null> {
  try {
    return parsePlanStart(await readText(store, planKey(plan.plan), signal));
  } catch (error) {
    if (error instanceof DbopsError && error.is("OBJECT_MISSING")) return null;
    throw error;
  }
}

/** What all journals say about a plan; empty when it was never stored, and so never begun. */
export async function recallPlan(
  records: Records,
  plan: Plan,
  units: readonly Unit[],
  signal: AbortSignal,
): Promise<History> {
  const history = new History();
  const start = await readPlanStart(records.store, plan, signal);
  if (start === null) return history;
  for (const scope of scopesOf(units)) {
    const lock = await readLock(records.store, scope, signal);
    const head = await findHead(records.store, scope, lock?.file.head ?? null, signal);
    const after = start.get(scope) ?? 0;
    await recall(history, { store: records.store, scope, head }, { plan: plan.plan, after }, signal);
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
