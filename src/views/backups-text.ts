import { msOf } from "../model/instant.ts";
import type { BackupRow, Report } from "../model/report.ts";
import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { ageText, bytesText, countText, timeText } from "./quantities.ts";
import { tableText } from "./table.ts";
import type { Text } from "./text.ts";

/** Every backup once, with the stores that have it, and in each store the verdict with its reasons. */
export function backupsText(report: Extract<Report, { kind: "backups" }>, paint: Paint, nowMs: number): Text {
  const environment = printable(report.environment);
  if (report.rows.length === 0) return { body: [], problems: [], end: [`No backups in ${environment}.`] };
  const [headings = "", ...rows] = tableText(
    ["NAME", "TIME (UTC)", "AGE", "ORIGIN", "SIZE", "STORES"],
    report.rows.map((row) => cells(row, nowMs)),
    ["AGE", "SIZE"],
  );
  const lines = report.rows.flatMap((row, index) => [rows[index] ?? "", ...verdictLines(row, paint)]);
  const complete = report.rows.filter(({ backup }) => backup.state === "complete").length;
  const incomplete = report.rows.length - complete;
  return {
    body: [paint("strong", headings), ...lines],
    problems: [],
    end: [
      `${countText(complete, "complete backup")}${incomplete === 0 ? "" : `, ${incomplete} incomplete`} in ${environment}.`,
    ],
  };
}

function cells({ backup, stores }: BackupRow, nowMs: number): readonly string[] {
  const origin = backup.origin ?? (backup.layout === "classic" ? "classic" : "unknown");
  return [
    printable(backup.name),
    timeText(backup.at).replace(" UTC", ""),
    ageText(nowMs - msOf(backup.at)),
    backup.state === "complete" ? origin : `${origin}, incomplete`,
    bytesText(backup.bytes),
    stores.map((one) => printable(one.store)).join(", "),
  ];
}

/** One line per verdict: stores that agree share it. */
function verdictLines({ backup, stores }: BackupRow, paint: Paint): readonly string[] {
  const byVerdict = new Map<string, string[]>();
  for (const one of stores) {
    const verdict = `${one.verdict}${one.reasons.length === 0 ? "" : `: ${one.reasons.map(printable).join(", ")}`}`;
    byVerdict.set(verdict, [...(byVerdict.get(verdict) ?? []), printable(one.store)]);
  }
  const proof = [...backup.proofs].sort((a, b) => (a.at < b.at ? -1 : 1)).at(-1);
  return [
    ...[...byVerdict].map(([verdict, names]) => {
      const where = byVerdict.size === 1 ? "" : `${names.join(", ")}: `;
      return `  ${paint(verdict.startsWith("prune") ? "destroy" : "dim", `${where}${verdict}`)}`;
    }),
    ...(proof === undefined
      ? []
      : [
          `  ${paint(proof.passed ? "good" : "bad", `proof ${proof.passed ? "passed" : "failed"} ${timeText(proof.at)}`)}`,
        ]),
  ];
}
