import type { Plan } from "../model/plan.ts";
import type { RehearsedStep } from "../model/report.ts";
import { problemsOf } from "../problems/dbops-error.ts";
import type { Handlers, Ports, ProbeRun, Standing } from "../steps/handler.ts";
import type { History } from "./history.ts";
import { leaseHolder } from "./lease-holder.ts";
import { handlerOf } from "./units.ts";

export interface RehearseOptions {
  /** Every store in it must be read-only. */
  readonly ports: Ports;
  readonly handlers: Handlers;
  readonly history: History;
  readonly signal: AbortSignal;
}

/** The dry run: asks every step where it stands, in plan order, and writes nothing. */
export async function rehearsePlan(plan: Plan, options: RehearseOptions): Promise<readonly RehearsedStep[]> {
  const steps: RehearsedStep[] = [];
  const { ports, history, signal } = options;
  const run: ProbeRun = {
    ports,
    plan,
    signal,
    journaled: (step) => history.facts(step),
    leaseHolder: (database, lease) => leaseHolder(ports.store(ports.environment.records), database, lease),
  };
  for (const step of plan.steps) {
    const standing = history.hasEnded(step.id)
      ? ({ state: "done", evidence: "an earlier attempt did it", facts: {} } as const)
      : await handlerOf(options.handlers, step).probe(step, run).catch(asBlocked);
    steps.push(asRehearsed(step, standing));
  }
  return steps;
}

function asBlocked(error: unknown): Standing {
  const [first] = problemsOf(error);
  if (first === undefined) throw error;
  return { state: "blocked", problem: first };
}

function asRehearsed(step: Plan["steps"][number], standing: Standing): RehearsedStep {
  switch (standing.state) {
    case "ready":
      return { step, standing: "ready", detail: null, problem: null };
    case "waiting":
      return { step, standing: "waiting", detail: standing.for, problem: null };
    case "done":
      return { step, standing: "done", detail: standing.evidence, problem: null };
    case "blocked":
      return { step, standing: "blocked", detail: null, problem: standing.problem };
  }
}
