import type { Plan } from "../model/plan.ts";
import type { Planned } from "../model/planned.ts";
import { renderSummary } from "../plan/describe.ts";
import type { Problem } from "../problems/problem.ts";
import { itemsByDatabase, itemsOf, itemText, type PlanItem, partTexts } from "./plan-items.ts";
import { printable } from "./printable.ts";
import { timeText } from "./quantities.ts";
import { restoreTexts } from "./restore-texts.ts";

/** A plan for a pull request: the verdict first, the steps of each database folded beneath it. */
export function planMarkdown(plan: Plan): string {
  const verdict = plan.steps.length === 0 ? "No changes." : renderSummary(plan.summary);
  return `${[...headLines(plan, verdict), ...databaseLines(plan), ...footLines(plan)].join("\n")}\n`;
}

/** The same for a plan that was just made: with what could not be looked at, and what there is to know. */
export function plannedMarkdown(planned: Planned, verdict: readonly string[]): string {
  const { plan } = planned;
  const findings = [...planned.problems, ...planned.notices].map(findingLine);
  return `${[
    ...headLines(plan, verdict.map(escaped).join(" ")),
    ...(findings.length === 0 ? [] : [...findings, ""]),
    ...databaseLines(plan),
    ...footLines(plan),
  ].join("\n")}\n`;
}

function headLines(plan: Plan, verdict: string): readonly string[] {
  return [`## dbops: ${escaped(plan.environment)}, ${plan.operation}`, "", `**${verdict}**`, ""];
}

function databaseLines(plan: Plan): readonly string[] {
  return itemsByDatabase(itemsOf(plan.steps)).flatMap(({ database, items }) => [
    "<details>",
    `<summary>${inert(database)}: ${countsText(items)}</summary>`,
    "",
    "| | step | reason |",
    "|---|---|---|",
    ...items.flatMap(rows),
    "",
    "</details>",
    "",
  ]);
}

function footLines(plan: Plan): readonly string[] {
  return [
    `<sub>plan ${code(plan.plan)}, made ${timeText(plan.createdAt)}, good until ${timeText(plan.expiresAt)}</sub>`,
  ];
}

function rows(item: PlanItem): readonly string[] {
  const title = [itemText(item), ...partTexts(item), ...restoreTexts(item)].map(escaped).join("<br>");
  return [`| ${item.sign === "" ? "" : code(item.sign)} | ${title} | ${escaped(item.why)} |`];
}

function countsText(items: readonly PlanItem[]): string {
  const parts = (["add", "change", "destroy"] as const).flatMap((effect) => {
    const count = items.filter((item) => item.effect === effect).length;
    return count === 0 ? [] : [`${count} to ${effect}`];
  });
  return parts.length === 0 ? "nothing to change" : parts.join(", ");
}

function findingLine(one: Problem): string {
  const fix = one.fix === undefined ? "" : ` (${code(one.fix.split("\n").at(-1)?.trim() ?? "")})`;
  return `- **${one.severity}:** ${escaped(one.summary)}: ${escaped(one.detail)}${fix}`;
}

/** Text that Markdown and HTML leave alone, on one line, also inside a table. */
function escaped(text: string): string {
  return inert(text).replaceAll(/[\\`*_[\]|~#@!]/g, (character) => `\\${character}`);
}

/** Text for inside an HTML block, where Markdown is not read. */
function inert(text: string): string {
  return printable(text.replaceAll(/\s+/g, " "))
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

/** A code span around text of any content; a pipe would still end a table's cell. */
function code(text: string): string {
  const inner = printable(text).replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...inner.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  const pad = inner.startsWith("`") || inner.endsWith("`") ? " " : "";
  return `${fence}${pad}${inner}${pad}${fence}`;
}
