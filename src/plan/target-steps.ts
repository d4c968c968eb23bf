import type { Step } from "../model/step.ts";
import { artifactOf } from "../model/step.ts";
import { fail } from "../problems/dbops-error.ts";

/**
 * The steps that are left of a plan by `--target` and `--except`. A name stands for the step with this id and for all
 * whose ids go on after it with a dot, so `trading_signals` is a whole database and `trading_signals.copy` all its
 * copies. Whole pipelines only: a target brings all it needs, an exception takes along all that needs it. Throws USAGE
 * for a name that fits no step, and for an exception that a deletion needs.
 */
export function targetSteps(
  steps: readonly Step[],
  targets: readonly string[],
  exceptions: readonly string[],
): readonly Step[] {
  const index = indexOf(steps);
  const chosen = targets.length === 0 ? steps.map((one) => one.id) : named(steps, targets, "--target");
  const kept = closure(chosen, (id) => [...(index.mates.get(id) ?? []), ...(index.needs.get(id) ?? [])]);
  const excepted = closure(named(steps, exceptions, "--except"), (id) => index.mates.get(id) ?? []);
  const dropped = closure([...excepted], (id) => [
    ...(index.mates.get(id) ?? []),
    ...(index.neededBy.get(id) ?? []),
  ]);
  for (const step of steps) {
    if (step.effect !== "destroy" || !kept.has(step.id)) continue;
    if (dropped.has(step.id) && !excepted.has(step.id)) refuse(step, exceptions);
  }
  return steps
    .filter((step) => kept.has(step.id) && !dropped.has(step.id))
    .map((step) => ({ ...step, after: step.after.filter((id) => kept.has(id) && !dropped.has(id)) }));
}

interface Index {
  /** Of a pipeline: all its steps. */
  readonly mates: ReadonlyMap<string, readonly string[]>;
  readonly needs: ReadonlyMap<string, readonly string[]>;
  readonly neededBy: ReadonlyMap<string, readonly string[]>;
}

function indexOf(steps: readonly Step[]): Index {
  const pipelines = Map.groupBy(steps, artifactOf);
  const neededBy = new Map<string, string[]>();
  for (const step of steps)
    for (const need of step.needs) neededBy.set(need, [...(neededBy.get(need) ?? []), step.id]);
  const mates = new Map<string, readonly string[]>();
  for (const [artifact, members] of pipelines)
    if (artifact !== null)
      for (const step of members)
        mates.set(
          step.id,
          members.map((one) => one.id),
        ); // one shared pipeline
  return { mates, needs: new Map(steps.map((one) => [one.id, one.needs])), neededBy };
}

function named(steps: readonly Step[], names: readonly string[], flag: string): readonly string[] {
  return names.flatMap((name) => {
    const ids = steps.map((one) => one.id).filter((id) => id === name || id.startsWith(`${name}.`));
    if (ids.length > 0) return ids;
    const known = steps.map((one) => one.id);
    const some = known.length === 0 ? "the plan has no steps" : `its steps are ${list(known)}`;
    return fail("USAGE", `${flag} ${name} fits no step of the plan; ${some}`);
  });
}

function list(ids: readonly string[]): string {
  const shown = ids.slice(0, 12).join(", ");
  return ids.length > 12 ? `${shown} and ${ids.length - 12} more` : shown;
}

function closure(start: readonly string[], next: (id: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...next(id));
  }
  return found;
}

function refuse(step: Step, exceptions: readonly string[]): never {
  fail("USAGE", `--except ${exceptions.join(" --except ")} takes away what the deletion ${step.id} needs`, {
    fix: `leave the deletion out as well: --except ${step.id}`,
  });
}
