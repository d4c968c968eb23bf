import type { Plan } from "../model/plan.ts";
import type { Effect, Step } from "../model/step.ts";
import type { Paint, Tone } from "./paint.ts";
import { itemsByDatabase, itemsOf, itemText, type PlanItem, signOf } from "./plan-items.ts";
import { printable, printableLines } from "./printable.ts";
import { timeText } from "./quantities.ts";
import { stepText } from "./step-text.ts";

const TONES: Readonly<Record<Effect, Tone | null>> = {
  none: null,
  add: "add",
  change: "change",
  destroy: "destroy",
};

/** `production: converge, made … , good until …`. */
export function planHeading(plan: Plan): string {
  return `${printable(plan.environment)}: ${plan.operation}, made ${timeText(plan.createdAt)}, good until ${timeText(plan.expiresAt)}`;
}

/** One block per database; pipelines are one item with their steps beneath; every item says why. */
export function planBlocks(
  plan: Plan,
  paint: Paint,
): readonly { database: string; lines: readonly string[] }[] {
  return itemsByDatabase(itemsOf(plan.steps)).map(({ database, items }) => ({
    database,
    lines: items.flatMap((item) => itemLines(item, paint)),
  }));
}

/** The last line of a plan, `Plan: 4 to add, 0 to change, 2 to destroy.` */
export function summaryLine(plan: Plan): string {
  const { add, change, destroy } = plan.summary;
  return `Plan: ${add} to add, ${change} to change, ${destroy} to destroy.`;
}

/** The sign of an item, coloured and padded to three columns. */
export function paintedSign(effect: Effect, pointOfNoReturn: boolean, paint: Paint): string {
  const sign = signOf(effect, pointOfNoReturn);
  const tone = pointOfNoReturn ? "danger" : TONES[effect];
  return (tone === null ? sign : paint(tone, sign)) + " ".repeat(3 - sign.length);
}

function itemLines(item: PlanItem, paint: Paint): readonly string[] {
  const lines = [
    `  ${paintedSign(item.effect, item.pointOfNoReturn, paint)}${itemText(item, stepText)}`,
    ...whyLines(item.why, "       ", paint),
  ];
  return item.steps.length === 1
    ? lines
    : [...lines, ...item.steps.flatMap((step) => partLines(step, item, paint))];
}

function partLines(step: Step, item: PlanItem, paint: Paint): readonly string[] {
  const why = step.why === item.why ? "" : step.why;
  return [
    `       ${step.kind.padEnd(8)} ${printable(stepText(step))}`,
    ...whyLines(why, "                ", paint),
  ];
}

function whyLines(why: string, indent: string, paint: Paint): readonly string[] {
  return why === "" ? [] : printableLines(why).map((line) => `${indent}${paint("dim", line)}`);
}
