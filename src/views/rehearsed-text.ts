import type { RehearsedStep, Report } from "../model/report.ts";
import { signOf } from "../plan/describe.ts";
import type { Paint, Tone } from "./paint.ts";
import { paintedSign, planHeading } from "./plan-text.ts";
import { printable } from "./printable.ts";
import { countText } from "./quantities.ts";
import { stepText } from "./step-text.ts";
import type { Text } from "./text.ts";

const TONES: Readonly<Record<RehearsedStep["standing"], Tone>> = {
  ready: "good",
  waiting: "dim",
  done: "dim",
  blocked: "bad",
};

/** A dry run: every step in plan order with where it stands, and that nothing was written. */
export function rehearsedText(report: Extract<Report, { kind: "rehearsed" }>, paint: Paint): Text {
  const width = Math.max(0, ...report.steps.map(({ standing }) => standing.length));
  const lines = report.steps.map((one) => {
    const sign = paintedSign(signOf(one.step).trim(), paint);
    const standing = paint(TONES[one.standing], one.standing.padEnd(width));
    return `${sign}${standing}  ${stepText(one.step)}${detailText(one)}`;
  });
  const blocked = report.steps.filter((one) => one.standing === "blocked").length;
  const verdict =
    blocked === 0
      ? `${countText(report.steps.length, "step")} rehearsed.`
      : `${countText(report.steps.length, "step")} rehearsed, ${blocked} blocked.`;
  return {
    body: [planHeading(report.plan), "", ...lines, ""],
    problems: report.steps.flatMap((one) => one.problem ?? []),
    end: [...(blocked === 0 ? [] : [""]), `${verdict} Nothing was written.`],
  };
}

function detailText(one: RehearsedStep): string {
  if (one.standing === "blocked") return one.problem === null ? "" : `: ${printable(one.problem.summary)}`;
  if (one.detail === null) return "";
  return one.standing === "waiting" ? `: for ${printable(one.detail)}` : `: ${printable(one.detail)}`;
}
