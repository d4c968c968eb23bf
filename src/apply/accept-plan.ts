import type { Environment } from "../model/environment.ts";
import { type Instant, msOf } from "../model/instant.ts";
import type { Plan } from "../model/plan.ts";
import { configDigest } from "../plan/config-digest.ts";
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
}

/** Refuses, before the first entry, a plan that is expired, was made from another configuration, or for other stores; throws when a store has no mark or a foreign one. */
export async function acceptPlan(plan: Plan, acceptance: Acceptance, signal: AbortSignal): Promise<void> {
  const problems = [...plainRefusals(plan, acceptance), ...(await foreignStores(plan, acceptance, signal))];
  if (problems.length > 0) throw new DbopsError(problems);
}

function plainRefusals(plan: Plan, { environment, now, begun }: Acceptance): readonly Problem[] {
  const again = `dbops plan ${environment.name}`;
  if (plan.environment !== environment.name)
    return [problem("TARGET_CHANGED", `the plan is for ${plan.environment}, not for ${environment.name}`)];
  if (begun) return [];
  if (msOf(plan.expiresAt) < msOf(now))
    return [problem("PLAN_EXPIRED", `it was valid until ${plan.expiresAt}; it is ${now}`, { fix: again })];
  if (plan.config !== configDigest(environment, plan.steps))
    return [
      problem("PLAN_STALE", `${environment.file} was edited in a part that the plan was made from`, {
        fix: again,
      }),
    ];
  return [];
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
      return [problem("TARGET_CHANGED", detail, { fix: `dbops plan ${plan.environment}` })];
    }),
  );
  return found.flat();
}
