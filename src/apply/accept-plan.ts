import type { Environment } from "../model/environment.ts";
import { type Instant, msOf } from "../model/instant.ts";
import type { Plan } from "../model/plan.ts";
import { planAgain, type Without } from "../model/plan-again.ts";
import { configDigest, foreignIn, storesOf } from "../plan/config-digest.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { readMark } from "../ports/read-mark.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { type Problem, problem } from "../problems/problem.ts";

export interface Acceptance {
  readonly environment: Environment;
  readonly now: Instant;
  /** A begun plan stays resumable: its age and the file's later edits no longer matter, its targets do. */
  readonly begun: boolean;
  store(name: string): ObjectStore;
  /** Another environment as its file says it now. */
  elsewhere(name: string): Promise<Environment>;
}

/**
 * Refuses, before the first entry, a plan that is expired, was made from another configuration, or for other stores; throws
 * when a store has no mark or a foreign one.
 */
export async function acceptPlan(plan: Plan, acceptance: Acceptance, signal: AbortSignal): Promise<void> {
  const name = acceptance.begun ? null : foreignIn(plan.environment, plan.steps);
  const from = name === null ? null : await acceptance.elsewhere(name);
  const refusals = plainRefusals(plan, acceptance, from);
  if (refusals.length > 0) throw new DbopsError(refusals);
  const foreign = await foreignStores(plan, acceptance, signal);
  if (foreign.length > 0) throw new DbopsError(foreign);
}

function plainRefusals(
  plan: Plan,
  { environment, now, begun }: Acceptance,
  from: Environment | null,
): readonly Problem[] {
  const again = (...without: Without[]) => planAgain(plan, environment, { without });
  if (plan.environment !== environment.name)
    return [problem("TARGET_CHANGED", `the plan is for ${plan.environment}, not for ${environment.name}`)];
  const undeclared = undeclaredIn(environment, plan);
  if (undeclared.length > 0) {
    const detail = `${environment.file} does not declare ${undeclared.join(", ")} any more, which the plan needs`;
    return [problem("PLAN_STALE", detail, { fix: again("store", "jobs") })];
  }
  if (begun) return [];
  if (msOf(plan.expiresAt) < msOf(now))
    return [problem("PLAN_EXPIRED", `it was valid until ${plan.expiresAt}; it is ${now}`, { fix: again() })];
  if (plan.config !== configDigest(environment, plan.steps, from)) {
    const files = [environment, ...(from === null ? [] : [from])].map((one) => one.file).join(" or ");
    return [
      problem("PLAN_STALE", `${files} was edited in a part that the plan was made from`, {
        fix: again("jobs"),
      }),
    ];
  }
  return [];
}

/** What the steps work with and the file no longer has. The backups of a database may outlive it there. */
function undeclaredIn(environment: Environment, plan: Plan): readonly string[] {
  const stores = new Set(environment.stores.map((one) => one.name));
  const databases = new Set(environment.databases.map((one) => one.name));
  const needed = plan.steps.filter((step) => step.kind !== "prune" && step.kind !== "hold");
  const missing = [
    ...Object.keys(plan.targets.stores).flatMap((name) => (stores.has(name) ? [] : [`store ${name}`])),
    ...plan.steps
      .flatMap((step) => storesOf(step, plan.environment))
      .flatMap((name) => (stores.has(name) ? [] : [`store ${name}`])),
    ...needed.flatMap(({ database }) => (databases.has(database) ? [] : [`database ${database}`])),
  ];
  return [...new Set(missing)].sort();
}

async function foreignStores(
  plan: Plan,
  acceptance: Acceptance,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const names = Object.keys(plan.targets.stores).sort();
  const found = await Promise.all(
    names.map(async (name) => {
      const question = { environment: plan.environment, store: name };
      const { mark } = await readMark(acceptance.store(name), question, signal);
      if (mark.storeId === plan.targets.stores[name]) return [];
      const detail = `store ${name} is not the one the plan was made for (${plan.targets.stores[name]})`;
      return [problem("TARGET_CHANGED", detail, { fix: planAgain(plan, acceptance.environment) })];
    }),
  );
  return found.flat();
}
