import type { Report } from "../model/report.ts";
import type { Problem } from "../problems/problem.ts";

/** A report as one document: `formatVersion` and `kind` first, everything else in the order of the model. */
export function reportJson(report: Report): string {
  const { kind, ...rest } = report;
  return `${inert(JSON.stringify({ formatVersion: 1, kind, ...rest }, null, 2))}\n`;
}

/** A problem outside of a report: one line, `{ "formatVersion": 1, "problem": … }`. */
export function problemJson(one: Problem): string {
  return jsonLine({ formatVersion: 1, problem: one });
}

/** Any data on one line. */
export function jsonLine(data: unknown): string {
  return `${inert(JSON.stringify(data))}\n`;
}

/** JSON.stringify leaves C1 controls and separators as they are; they occur inside strings only. */
function inert(json: string): string {
  return json.replaceAll(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (found) => `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
