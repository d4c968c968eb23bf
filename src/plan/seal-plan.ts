import { digestOf } from "../model/canonical.ts";
import type { Environment } from "../model/environment.ts";
import { type Instant, instantOf, msOf } from "../model/instant.ts";
import type { DatabaseIdentity, Observation } from "../model/observation.ts";
import type { Operation, Plan, Summary, Targets } from "../model/plan.ts";
import { artifactOf, type Step } from "../model/step.ts";
import { configDigest, storesConcerning } from "./config-digest.ts";

/** How long a plan can be applied unless said otherwise. */
export const EXPIRES_MS = 24 * 3_600_000;

/** Puts the header on the steps: same inputs and clock, same plan. */
export function sealPlan(
  environment: Environment,
  observation: Observation,
  made: {
    readonly operation: Operation;
    readonly steps: readonly Step[];
    readonly now: Instant;
    readonly expiresMs: number;
    /** Identities that were found out otherwise than by observing databases. */
    readonly databases?: Targets["databases"];
    /** The other environment whose backup is read, if any. */
    readonly from?: Environment | null;
  },
): Plan {
  const content = {
    version: 1 as const,
    environment: environment.name,
    operation: made.operation,
    createdAt: made.now,
    expiresAt: instantOf(msOf(made.now) + made.expiresMs),
    config: configDigest(environment, made.steps, made.from ?? null),
    targets: targetsOf(environment, observation, made),
    summary: summaryOf(made.steps),
    steps: made.steps,
  };
  return { ...content, plan: digestOf(content) };
}

/** The digest that a plan must carry: of everything in it but the digest. */
export function planDigest(plan: Plan): string {
  const { plan: _digest, ...content } = plan;
  return digestOf(content);
}

/** Steps with an effect; a pipeline counts once. */
export function summaryOf(steps: readonly Step[]): Summary {
  const counted = { add: new Set<string>(), change: new Set<string>(), destroy: new Set<string>() };
  for (const step of steps) if (step.effect !== "none") counted[step.effect].add(artifactOf(step) ?? step.id);
  return { add: counted.add.size, change: counted.change.size, destroy: counted.destroy.size };
}

/** Identities of what the steps touch, and of the store that keeps the records of the run. */
function targetsOf(
  environment: Environment,
  observation: Observation,
  { steps, databases: known }: { readonly steps: readonly Step[]; readonly databases?: Targets["databases"] },
): Targets {
  const stores: Record<string, string> = {};
  for (const name of [
    ...new Set([environment.records, ...steps.flatMap((one) => storesConcerning(one, environment))]),
  ].sort()) {
    const seen = observation.stores[name];
    if (seen?.state === "readable") stores[name] = seen.storeId;
  }
  const databases: Record<string, DatabaseIdentity> = {};
  const dumped = steps.filter((one) => one.kind === "dump" || one.kind === "drop").map((one) => one.database);
  for (const name of [...new Set(dumped)].sort()) {
    const seen = observation.databases[name];
    if (seen?.state === "reachable") databases[name] = seen.identity;
  }
  return { stores, databases: { ...databases, ...known } };
}
