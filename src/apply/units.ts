import { backupScope, restoreScope } from "../model/layout.ts";
import type { Plan } from "../model/plan.ts";
import { artifactOf, type Step } from "../model/step.ts";
import { fail } from "../problems/dbops-error.ts";
import type { Guard, Handlers, StepHandler } from "../steps/handler.ts";

/** What runs as one: an action, or all steps of a pipeline. */
export interface Unit {
  readonly id: string;
  /** In the order of the plan: source, transforms, sink. */
  readonly steps: readonly [Step, ...Step[]];
  readonly guard: Guard;
  /** The journal and the lock that it works under. */
  readonly scope: string;
  /** Ids of units that must have succeeded. */
  readonly needs: ReadonlySet<string>;
  /** Ids of units that must have ended. */
  readonly after: ReadonlySet<string>;
}

/** Groups the steps of a plan into units, in plan order; throws PLAN_INVALID for a plan that cannot run. */
export function unitsOf(plan: Plan, handlers: Handlers): readonly Unit[] {
  const groups = new Map<string, Step[]>();
  const unitOf = new Map<string, string>();
  for (const step of plan.steps) {
    const id = artifactOf(step) ?? step.id;
    if (unitOf.has(step.id)) fail("PLAN_INVALID", `two steps are called ${step.id}`);
    unitOf.set(step.id, id);
    groups.set(id, [...(groups.get(id) ?? []), step]);
  }
  const units = [...groups].map(([id, steps]) => makeUnit(id, steps, { unitOf, handlers }));
  assertNoCycle(units);
  return units;
}

/** The handler of a step; the table is complete at compile time. */
export function handlerOf(handlers: Handlers, step: Step): StepHandler<Step> {
  // Each handler takes the steps of its own kind, and the table is keyed by kind.
  return handlers[step.kind] as unknown as StepHandler<Step>;
}

/** What a step works under. */
export function guardOf(handler: StepHandler<Step>, step: Step): Guard {
  return typeof handler.guard === "function" ? handler.guard(step) : handler.guard;
}

function scopeOf(guard: Guard, database: string): string {
  switch (guard) {
    case "lock":
      return database;
    case "lease":
      return backupScope(database);
    case "restore":
      return restoreScope(database);
  }
}

interface Known {
  readonly unitOf: ReadonlyMap<string, string>;
  readonly handlers: Handlers;
}

function makeUnit(id: string, steps: readonly Step[], { unitOf, handlers }: Known): Unit {
  const [first, ...rest] = steps;
  if (first === undefined) throw new RangeError("a unit has a step");
  const last = rest.at(-1) ?? first;
  const shapes = steps.map((step) => handlerOf(handlers, step).shape).join(" ");
  if (!/^(action|source( transform)* sink)$/.test(shapes))
    fail("PLAN_INVALID", `${id} is neither one action nor a source, transforms and a sink, but: ${shapes}`, {
      fix: "make the plan again",
    });
  const guard = guardOf(handlerOf(handlers, last), last);
  const others = (names: readonly string[]) =>
    new Set(names.map((name) => unitOf.get(name) ?? missing(name)).filter((unit) => unit !== id));
  return {
    id,
    steps: [first, ...rest],
    guard,
    scope: scopeOf(guard, last.database),
    needs: others(steps.flatMap((step) => step.needs)),
    after: others(steps.flatMap((step) => step.after)),
  };
}

function missing(step: string): never {
  fail("PLAN_INVALID", `a step needs ${step}, which is not in the plan`, { fix: "make the plan again" });
}

function assertNoCycle(units: readonly Unit[]): void {
  const settled = new Set<string>();
  let waiting = [...units];
  while (waiting.length > 0) {
    const ready = waiting.filter((unit) => [...unit.needs, ...unit.after].every((id) => settled.has(id)));
    if (ready.length === 0)
      fail("PLAN_INVALID", `steps wait for each other: ${waiting.map((unit) => unit.id).join(", ")}`);
    for (const unit of ready) settled.add(unit.id);
    waiting = waiting.filter((unit) => !settled.has(unit.id));
  }
}
