import type { Plan } from "../model/plan.ts";
import { renderSummary } from "../plan/describe.ts";
import type { Paint } from "./paint.ts";
import { planBlocks, planHeading } from "./plan-text.ts";
import { printable } from "./printable.ts";
import type { Text } from "./text.ts";

/** A plan file for people. What it was made from is not in it, so it says nothing about what is kept. */
export function shownText(plan: Plan, paint: Paint): Text {
  return {
    body: [
      planHeading(plan),
      `plan ${printable(plan.plan)}`,
      "",
      ...planBlocks(plan, paint).flatMap(({ database, lines }) => [
        paint("strong", printable(database)),
        ...lines,
        "",
      ]),
    ],
    problems: [],
    end: [plan.steps.length === 0 ? "No changes." : renderSummary(plan.summary)],
  };
}
