import type { Plan } from "../model/plan.ts";
import type { Paint, Tone } from "./paint.ts";
import { itemsByDatabase, itemsOf, itemText, type PlanItem, partTexts } from "./plan-items.ts";
import { printable, printableLines } from "./printable.ts";
import { timeText } from "./quantities.ts";
import { restoreTexts } from "./restore-texts.ts";

const TONES: Readonly<Record<string, Tone>> = { "+": "add", "~": "change", "-": "destroy", "!": "danger" };

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

/** A sign, coloured and padded to three columns. */
export function paintedSign(sign: string, paint: Paint): string {
  const tone = TONES[sign];
  return (tone === undefined ? sign : paint(tone, sign)).concat(" ".repeat(3 - sign.length));
}

function itemLines(item: PlanItem, paint: Paint): readonly string[] {
  return [
    `  ${paintedSign(item.sign, paint)}${itemText(item)}`,
    ...printableLines(item.why)
      .filter((line) => line !== "")
      .map((line) => `       ${paint("dim", line)}`),
    ...[...partTexts(item), ...restoreTexts(item)].map((text) => `       ${text}`),
  ];
}
