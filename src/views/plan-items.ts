import { artifactOf, type Effect, type Step } from "../model/step.ts";
import { printable } from "./printable.ts";

/** What a person counts as one thing: a pipeline with its steps, or an action. */
export interface PlanItem {
  /** The pipeline's artifact, or the step's id. */
  readonly id: string;
  readonly database: string;
  readonly steps: readonly Step[];
  readonly effect: Effect;
  readonly pointOfNoReturn: boolean;
  readonly why: string;
}

const STRENGTH: readonly Effect[] = ["none", "add", "change", "destroy"];

/** The items of a plan, in the order in which their first steps stand. */
export function itemsOf(steps: readonly Step[]): readonly PlanItem[] {
  const groups = new Map<string, Step[]>();
  for (const step of steps) {
    const artifact = artifactOf(step);
    const key = artifact === null ? `step ${step.id}` : `artifact ${artifact}`;
    groups.set(key, [...(groups.get(key) ?? []), step]);
  }
  return [...groups.values()].flatMap(itemOf);
}

/** Items of one database each, databases in the order in which they first appear. */
export function itemsByDatabase(
  items: readonly PlanItem[],
): readonly { readonly database: string; readonly items: readonly PlanItem[] }[] {
  const databases = [...new Set(items.map((item) => item.database))];
  return databases.map((database) => ({
    database,
    items: items.filter((item) => item.database === database),
  }));
}

/** What stands in front of an item: `+`, `~`, `-`, a space; `!` beside it for a point of no return. */
export function signOf(effect: Effect, pointOfNoReturn: boolean): string {
  const sign = { none: "", add: "+", change: "~", destroy: "-" }[effect];
  return pointOfNoReturn ? `${sign}!` : sign;
}

/** An item in one printable line: a pipeline by where its bytes go, an action by its step. */
export function itemText(item: PlanItem, stepText: (step: Step) => string): string {
  const upload = item.steps.find((step) => step.kind === "upload");
  const first = item.steps[0];
  if (item.steps.length > 1 && upload !== undefined) {
    return printable(`back up ${item.database} to ${upload.store}`);
  }
  return first === undefined ? printable(item.id) : printable(stepText(first));
}

function itemOf(steps: readonly Step[]): readonly PlanItem[] {
  const first = steps[0];
  if (first === undefined) return [];
  const effects = steps.map((step) => STRENGTH.indexOf(step.effect));
  return [
    {
      id: artifactOf(first) ?? first.id,
      database: first.database,
      steps,
      effect: STRENGTH[Math.max(...effects)] ?? "none",
      pointOfNoReturn: steps.some((step) => step.pointOfNoReturn === true),
      why: steps.find((step) => step.why !== "")?.why ?? "",
    },
  ];
}
