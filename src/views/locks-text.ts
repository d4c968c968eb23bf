import type { Report } from "../model/report.ts";
import { printable } from "./printable.ts";
import { timeText } from "./quantities.ts";
import { tableText } from "./table.ts";
import type { Text } from "./text.ts";

/** Every lock that was ever taken, with its holder. */
export function locksText(report: Extract<Report, { kind: "locks" }>): Text {
  const environment = printable(report.environment);
  if (report.locks.length === 0) return { body: [], problems: [], end: [`No locks in ${environment}.`] };
  const rows = report.locks.map((lock) => [
    printable(lock.scope),
    lock.state,
    lock.holder === null ? "" : printable(lock.holder),
    timeText(lock.sinceAt),
    String(lock.epoch),
    lock.plan === null ? "" : printable(lock.plan.slice(0, 12)),
  ]);
  const held = report.locks.filter((lock) => lock.state === "held").length;
  return {
    body: tableText(["SCOPE", "STATE", "HOLDER", "SINCE", "EPOCH", "PLAN"], rows),
    problems: [],
    end: [held === 0 ? `Nothing is locked in ${environment}.` : `${held} held in ${environment}.`],
  };
}

/** That a lock was broken, and under which epoch work goes on. */
export function lockBrokenText(report: Extract<Report, { kind: "lock-broken" }>): Text {
  const what = `The lock of ${printable(report.scope)} in ${printable(report.environment)} is broken.`;
  return { body: [], problems: [], end: [`${what} Its epoch is now ${report.epoch}.`] };
}
