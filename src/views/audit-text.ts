import type { AuditEntry, AuditEvent } from "../model/audit-entry.ts";
import type { Report } from "../model/report.ts";
import { madeBackupOf } from "./made-backup.ts";
import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { placeText } from "./problem-text.ts";
import { bytesText, countText, timeText } from "./quantities.ts";
import { tableText } from "./table.ts";
import type { Text } from "./text.ts";

/** One line per event: when, where in which chain, who, which plan, what. */
export function auditedText(report: Extract<Report, { kind: "audited" }>): Text {
  const events = report.entries.flatMap((entry) => entry.events.map((event) => ({ entry, event })));
  if (events.length === 0) {
    return { body: [], problems: [], end: [`Nothing on record in ${printable(report.environment)}.`] };
  }
  const rows = events.map(({ entry, event }) => [
    timeText(entry.at).replace(" UTC", ""),
    printable(`${entry.scope}/${entry.number}`),
    printable(entry.actor),
    printable(entry.plan.slice(0, 12)),
    printable(eventText(event, entry)),
  ]);
  return { body: tableText(["TIME (UTC)", "ENTRY", "WHO", "PLAN", "EVENT"], rows), problems: [], end: [] };
}

/** What each chain proves, and what it does not. */
export function verifiedText(report: Extract<Report, { kind: "audit-verified" }>, paint: Paint): Text {
  const { scopes } = report;
  if (scopes.length === 0)
    return { body: [], problems: [], end: [`No journal found in ${printable(report.environment)}.`] };
  const width = Math.max(0, ...scopes.map(({ scope }) => printable(scope).length));
  const lines = scopes.map((one) => {
    const tone = one.state === "broken" ? "bad" : one.state === "consistent, anchored" ? "good" : "warning";
    const count = countText(one.entries, "entry", "entries");
    return `${printable(one.scope).padEnd(width)}  ${paint(tone, one.state)}, ${count}`;
  });
  const broken = scopes.filter((one) => one.state === "broken").length;
  const loose = scopes.filter((one) => one.state === "consistent, not anchored").length;
  return {
    body: [
      ...lines,
      ...(loose === 0
        ? []
        : [paint("dim", "not anchored: entries at the end could be missing without a trace")]),
    ],
    problems: scopes.flatMap((one) => one.problem ?? []),
    end: [
      broken === 0
        ? `The journal of ${printable(report.environment)} is consistent.`
        : `The journal of ${printable(report.environment)} is broken in ${countText(broken, "scope")}.`,
    ],
  };
}

function eventText(event: AuditEvent, entry: AuditEntry): string {
  switch (event.event) {
    case "plan":
      return `${event.operation} of ${event.environment} begins${event.attempt > 1 ? `, attempt ${event.attempt}` : ""}`;
    case "begin":
      return `begin ${event.step}`;
    case "noted":
      return `note ${event.step}${factsText(event.facts)}`;
    case "end":
      return `end ${event.step}${factsText(event.facts)}${event.evidence === undefined ? "" : ` (${event.evidence})`}`;
    case "failed":
      return `failed ${event.step}: ${event.problems.map((one) => `${one.summary}: ${placeText(one)}${one.detail}`).join("; ")}`;
    case "interrupted":
      return "interrupted";
    case "applied":
      return `applied ${entry.scope}`;
    case "lock-broken":
      return `lock broken: ${event.reason}`;
  }
}

/** The names of the facts, and what they say of a backup. */
function factsText(facts: Readonly<Record<string, unknown>>): string {
  const made = madeBackupOf(facts);
  if (made.name !== null) {
    return `: ${made.name}${made.storedBytes === null ? "" : `, ${bytesText(made.storedBytes)}`}`;
  }
  const names = Object.keys(facts);
  return names.length === 0 ? "" : `: ${names.join(", ")}`;
}
