import type { Decision, Planned } from "../model/planned.ts";
import type { Report } from "../model/report.ts";
import { verdictLine } from "../plan/describe.ts";
import type { Problem } from "../problems/problem.ts";
import { shellQuoted } from "../problems/shell-quoted.ts";
import type { Paint } from "./paint.ts";
import { planBlocks, planHeading } from "./plan-text.ts";
import { printable } from "./printable.ts";
import { problemLines } from "./problem-text.ts";
import { countText } from "./quantities.ts";
import { tableText } from "./table.ts";
import type { Text } from "./text.ts";

type PlannedReport = Extract<Report, { kind: "planned" }>;

/** A plan with what it keeps and why, its warnings, its problems, and the commands that come next. */
export function plannedText(report: PlannedReport, paint: Paint, verbose: boolean): Text {
  const { planned, file } = report;
  const warnings = [...planned.problems, ...planned.notices].filter((one) => one.severity === "warning");
  return {
    body: [
      planHeading(planned.plan),
      "",
      ...databaseLines(planned, paint, verbose),
      ...(warnings.length === 0 ? [] : [...problemLines(warnings, paint, verbose), ""]),
    ],
    problems: errorsOf(planned),
    end: [
      ...(errorsOf(planned).length > 0 ? [""] : []),
      ...nextLines(planned, file),
      ...verdictLines(report),
    ],
  };
}

/** The last lines; before the very last, that not everything could be looked at. */
export function verdictLines({ planned, environmentFile }: PlannedReport): readonly string[] {
  const { plan } = planned;
  const errors = errorsOf(planned);
  const last = printable(
    verdictLine(plan, plan.steps.length > 0 ? [] : errors, {
      file: environmentFile,
      leftOut: planned.leftOut,
    }),
  );
  if (errors.length === 0) return [last];
  const environment = printable(plan.environment);
  return [
    `${countText(errors.length, "error")} above: this is not the whole picture of ${environment}.`,
    last,
  ];
}

/** What each store of a database keeps, by reason: `keeps 34 in primary: within 2d 20, daily 12, held 2`. */
export function keptLines(decisions: readonly Decision[]): readonly string[] {
  const stores = [...new Set(decisions.map((one) => one.store))];
  return stores.flatMap((store) => {
    const here = decisions.filter((one) => one.store === store);
    const kept = here.filter((one) => one.verdict === "keep");
    const parts = [
      ...(kept.length === 0 ? [] : [`keeps ${kept.length} in ${printable(store)}: ${reasonCounts(kept)}`]),
      ...(["orphaned", "incomplete"] as const).flatMap((verdict) => {
        const count = here.filter((one) => one.verdict === verdict).length;
        return count === 0 ? [] : [`sees ${count} ${verdict} in ${printable(store)}`];
      }),
    ];
    return parts.map((part) => `  ${part}`);
  });
}

function errorsOf(planned: Planned): readonly Problem[] {
  return [...planned.problems, ...planned.notices].filter((one) => one.severity === "error");
}

/** Counts each backup once, under its first reason; most frequent reasons first. */
function reasonCounts(kept: readonly Decision[]): string {
  const counts = new Map<string, number>();
  for (const one of kept) {
    const reason = ruleOf(one.reasons[0] ?? "no rule");
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts.entries()]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .map(([reason, count]) => `${printable(reason)} ${count}`)
    .join(", ");
}

/** The rule without what it decided on: `daily 3 of 30` is `daily`, `held: incident-42` is `held`. */
function ruleOf(reason: string): string {
  return reason.replace(/ \d+ of \d+$/, "").replace(/:.*$/s, "");
}

function databaseLines(planned: Planned, paint: Paint, verbose: boolean): readonly string[] {
  const blocks = planBlocks(planned.plan, paint);
  const decided = planned.decisions.map((one) => one.database);
  const databases = [...new Set([...blocks.map((block) => block.database), ...decided])];
  return databases.flatMap((database) => {
    const decisions = planned.decisions.filter((one) => one.database === database);
    const lines = blocks.find((block) => block.database === database)?.lines ?? [];
    return [
      paint("strong", printable(database)),
      ...lines,
      ...(verbose ? decisionLines(decisions) : keptLines(decisions)),
      "",
    ];
  });
}

function decisionLines(decisions: readonly Decision[]): readonly string[] {
  if (decisions.length === 0) return [];
  const rows = decisions.map((one) => [
    printable(one.store),
    printable(one.name),
    one.verdict,
    one.reasons.map(printable).join(", "),
  ]);
  return tableText(["STORE", "BACKUP", "VERDICT", "REASONS"], rows).map((line) => `  ${line}`);
}

function nextLines(planned: Planned, file: string | null): readonly string[] {
  if (file === null || planned.plan.steps.length === 0) return [];
  const path = printable(shellQuoted(file));
  return [
    `Written to ${printable(file)}. To read it again, to rehearse it, to carry it out:`,
    `  dbops show ${path}`,
    `  dbops apply ${path} --dry-run`,
    `  dbops apply ${path}`,
    "",
  ];
}
