import type { Check, Report } from "../model/report.ts";
import type { Paint, Tone } from "./paint.ts";
import { printable, printableLines } from "./printable.ts";
import { countText } from "./quantities.ts";
import type { Text } from "./text.ts";

const MARKS: Readonly<Record<Check["state"], readonly [string, Tone]>> = {
  good: ["ok", "good"],
  bad: ["bad", "bad"],
  unknown: ["unknown", "warning"],
};

/** Every check of `doctor`, what is wrong with its fix beneath. */
export function diagnosedText(report: Extract<Report, { kind: "diagnosed" }>, paint: Paint): Text {
  const bad = report.checks.filter((check) => check.state === "bad").length;
  const unknown = report.checks.filter((check) => check.state === "unknown").length;
  const width = Math.max(0, ...report.checks.map((check) => MARKS[check.state][0].length));
  return {
    body: report.checks.flatMap((check) => checkLines(check, width, paint)),
    problems: [],
    end: [
      bad + unknown === 0
        ? `${printable(report.environment)}: ${countText(report.checks.length, "check")}, all good.`
        : `${printable(report.environment)}: ${countText(report.checks.length, "check")}, ${bad} bad, ${unknown} unknown.`,
    ],
  };
}

function checkLines(check: Check, width: number, paint: Paint): readonly string[] {
  const [mark, tone] = MARKS[check.state];
  const indent = " ".repeat(width + 2);
  const [detail = "", ...more] = printableLines(check.detail);
  const [fix, ...fixes] = check.fix === null ? [] : printableLines(check.fix);
  return [
    `${paint(tone, mark.padEnd(width))}  ${printable(check.subject)}${detail === "" ? "" : `: ${detail}`}`,
    ...more.map((line) => `${indent}${line}`),
    ...(fix === undefined ? [] : [`${indent}${paint("strong", "hint:")} ${fix}`]),
    ...fixes.map((line) => `${indent}  ${line}`),
  ];
}
