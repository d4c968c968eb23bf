import { artifactOf, type Effect, type Step } from "../model/step.ts";
import { signOf } from "../plan/describe.ts";
import { printable } from "./printable.ts";
import { stepText } from "./step-text.ts";

/** What a person counts as one thing: a pipeline with its steps, or an action. */
export interface PlanItem {
  /** The pipeline's artifact, or the step's id. */
  readonly id: string;
  readonly database: string;
  readonly steps: readonly Step[];
  readonly effect: Effect;
  /** Of its strongest step: `+`, `~`, `-`, `!`, or empty for no effect. */
  readonly sign: string;
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

/** An item in one printable line: a pipeline by where its bytes go, an action by its step. */
export function itemText(item: PlanItem): string {
  const upload = item.steps.find((step) => step.kind === "upload");
  const load = item.steps.find((step) => step.kind === "load");
  const first = item.steps[0];
  if (item.steps.length > 1 && upload !== undefined) {
    const dump = item.steps.find((step) => step.kind === "dump");
    return printable(`back up ${dump?.of?.name ?? item.database} to ${upload.store}`);
  }
  if (item.steps.length > 1 && load !== undefined) {
    return printable(`load ${item.database} into ${load.into}`);
  }
  return first === undefined ? printable(item.id) : stepText(first);
}

/** What a pipeline does one after the other; nothing for an action. A reviewer must not have to miss the encryption. */
export function partTexts(item: PlanItem): readonly string[] {
  if (item.steps.length === 1) return [];
  const isOpen =
    item.steps.some((step) => step.kind === "upload") && !item.steps.some((step) => step.kind === "encrypt");
  return [...item.steps.map(stepText), ...(isOpen ? ["not encrypted"] : [])];
}

function itemOf(steps: readonly Step[]): readonly PlanItem[] {
  const first = steps[0];
  if (first === undefined) return [];
  const strongest = [...steps].sort((a, b) => strengthOf(b) - strengthOf(a))[0] ?? first;
  return [
    {
      id: artifactOf(first) ?? first.id,
      database: first.database,
      steps,
      effect: strongest.effect,
      sign: signOf(strongest).trim(),
      why: steps.find((step) => step.why !== "")?.why ?? "",
    },
  ];
}

function strengthOf(step: Step): number {
  return step.pointOfNoReturn === true ? STRENGTH.length : STRENGTH.indexOf(step.effect);
}
