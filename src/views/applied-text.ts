import type { Applied, AppliedStep, FollowUp } from "../model/report.ts";
import { isFinal, type Problem } from "../problems/problem.ts";
import { shellQuoted } from "../problems/shell-quoted.ts";
import { loadedTexts, warningTexts } from "./loaded-database.ts";
import { madeBackupOf } from "./made-backup.ts";
import type { Paint } from "./paint.ts";
import { itemsOf, itemText, type PlanItem } from "./plan-items.ts";
import { paintedSign } from "./plan-text.ts";
import { printable } from "./printable.ts";
import { bytesText, countText, durationText, rateText } from "./quantities.ts";
import type { Text } from "./text.ts";

/** Milliseconds that a step took in this run; null when it did not run here. */
export type ElapsedMs = (step: string) => number | null;

/** What a run did, what failed and how to go on, what it left for a person. */
export function appliedText(applied: Applied, paint: Paint, elapsedMs: ElapsedMs): Text {
  const byId = new Map(applied.steps.map((one) => [one.step.id, one]));
  const items = itemsOf(applied.plan.steps).map((item) => ({
    item,
    ended: item.steps.flatMap((step) => byId.get(step.id) ?? []),
  }));
  const lines = items.flatMap(({ item, ended }) => itemLines({ item, ended, elapsedMs }, paint));
  const problems = problemsOf(applied);
  const outcomes = items.map(({ ended }) => worstOf(ended));
  return {
    body: [...lines, ...leftLines(applied, paint), ...(lines.length === 0 ? [] : [""])],
    problems,
    end: [...(problems.length === 0 ? [] : [""]), ...endLines(applied, outcomes)],
  };
}

/** Problems of what failed, and warnings of what was done; why something was skipped stands beside it. */
function problemsOf(applied: Applied): readonly Problem[] {
  return applied.steps.filter((one) => one.outcome !== "skipped").flatMap((one) => one.problems);
}

interface EndedItem {
  readonly item: PlanItem;
  readonly ended: readonly AppliedStep[];
  readonly elapsedMs: ElapsedMs;
}

function itemLines({ item, ended, elapsedMs }: EndedItem, paint: Paint): readonly string[] {
  const outcome = worstOf(ended);
  if (outcome === null) return [];
  const sign =
    outcome === "failed"
      ? `${paint("bad", "x")}  `
      : outcome === "skipped"
        ? "   "
        : paintedSign(item.sign, paint);
  const title = itemText(item);
  switch (outcome) {
    case "failed":
      return [`${sign}${title}: ${paint("bad", "failed")}`];
    case "skipped": {
      const why = ended.find((one) => one.outcome === "skipped")?.problems[0]?.detail;
      return [
        `${sign}${title}: not begun`,
        ...(why === undefined ? [] : [`     ${paint("dim", printable(why))}`]),
      ];
    }
    case "earlier":
      return [`${sign}${title}: done by an earlier attempt`, ...madeLines(item, ended, elapsedMs)];
    case "done":
      return [`${sign}${title}${tookText({ item, ended, elapsedMs })}`, ...madeLines(item, ended, elapsedMs)];
  }
}

/** What an action moved and how long it took; a pipeline has a line of its own for what it moved. */
function tookText({ item, ended, elapsedMs }: EndedItem): string {
  if (ended.some((one) => (one.evidence ?? null) !== null)) return "";
  const took = longest(item, elapsedMs);
  const bytes = item.steps.length === 1 ? madeBackupOf(ended[0]?.facts ?? null).storedBytes : null;
  const parts = [
    ...(bytes === null ? [] : [bytesText(bytes)]),
    ...(took === null ? [] : [durationText(took)]),
    ...(bytes === null || took === null || took < 1000 ? [] : [rateText((bytes * 1000) / took)]),
  ];
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}

/** Why nothing had to be done; else the name of a new backup alone on its line, then its sizes, the rate of the dump and its warnings. */
function madeLines(item: PlanItem, ended: readonly AppliedStep[], elapsedMs: ElapsedMs): readonly string[] {
  const evidence = ended.find((one) => (one.evidence ?? null) !== null)?.evidence ?? null;
  if (evidence !== null) return [`     nothing had to be done: ${printable(evidence)}`];
  const load = ended.find((one) => one.step.kind === "load");
  if (load !== undefined)
    return loadedTexts(load.facts, longest(item, elapsedMs)).map((text) => `     ${text}`);
  const upload = ended.find((one) => one.step.kind === "upload");
  if (upload === undefined)
    return ended
      .flatMap((one) => (one.step.kind === "verify" ? warningTexts(one.facts) : []))
      .map((text) => `     ${text}`);
  const made = madeBackupOf(upload.facts);
  const took = longest(item, elapsedMs);
  const sizes = [
    ...(made.plaintextBytes === null ? [] : [`${bytesText(made.plaintextBytes)} dumped`]),
    ...(made.storedBytes === null ? [] : [`${bytesText(made.storedBytes)} stored`]),
    ...(made.plaintextBytes === null || took === null || took < 1000
      ? []
      : [rateText((made.plaintextBytes * 1000) / took)]),
  ];
  return [
    ...(made.name === null ? [] : [`     ${printable(made.name)}`]),
    ...(sizes.length === 0 ? [] : [`     ${sizes.join(", ")}`]),
    ...warningTexts(upload.facts).map((text) => `     ${text}`),
  ];
}

function leftLines(applied: Applied, paint: Paint): readonly string[] {
  if (applied.left.length === 0) return [];
  const items = itemsOf(applied.left);
  return [
    "",
    `Left for a person, because it is not automatic here (${countText(items.length, "item")}):`,
    ...items.map((item) => `${paintedSign(item.sign, paint)}${itemText(item)}`),
    "To plan and apply it:",
    `  dbops plan ${printable(applied.plan.environment)} --out plan.yaml`,
    "  dbops apply plan.yaml",
  ];
}

function endLines(applied: Applied, outcomes: readonly (string | null)[]): readonly string[] {
  const count = (outcome: string): number => outcomes.filter((one) => one === outcome).length;
  const took = durationText(applied.elapsedMs);
  const done = count("done") + count("earlier");
  const counts = `${done} done, ${count("failed")} failed, ${count("skipped")} not begun`;
  const resume = hasEnded(applied)
    ? ["This plan cannot go on: make another one."]
    : ["To go on from here:", `  dbops apply ${applied.plan.plan}`];
  switch (applied.outcome) {
    case "nothing to do":
      return [nothingLine(applied)];
    case "applied":
      return [`Applied${applied.resumed ? ", resumed" : ""}: ${countText(done, "item")} done in ${took}.`];
    case "failed":
      return [
        ...(applied.followUp === undefined ? resume : followUpLines(applied, applied.followUp)),
        `Failed: ${counts} in ${took}.`,
      ];
    case "interrupted":
      return [...resume, `Interrupted: ${counts} in ${took}.`];
  }
}

/** Whether applying it again would meet nothing but the same refusals. */
function hasEnded({ outcome, steps }: Applied): boolean {
  const failed = steps.filter((one) => one.outcome === "failed" && one.stoppedWith === undefined);
  const isOver = ({ problems }: AppliedStep) =>
    problems.some((one) => one.severity === "error" && isFinal(one));
  return outcome === "failed" && failed.length > 0 && failed.every(isOver);
}

/** Two ways on: without what failed, or the load once more from its beginning. */
function followUpLines({ plan }: Applied, { file }: FollowUp): readonly string[] {
  return [
    "To go on with what was loaded, without what failed; read it first:",
    `  dbops show ${printable(shellQuoted(file))}`,
    `  dbops apply ${printable(shellQuoted(file))}`,
    "To load again from the beginning, when what was in the way is gone:",
    `  dbops apply ${plan.plan}`,
  ];
}

function nothingLine({ plan, left, unseen }: Applied): string {
  if (unseen > 0) return `Nothing was done: ${countText(unseen, "problem")} in the way.`;
  return left.length > 0 ? "Nothing was done by itself." : `Nothing to do in ${printable(plan.environment)}.`;
}

/** The worst outcome of an item's steps; null when none of them was in this run. */
function worstOf(ended: readonly AppliedStep[]): AppliedStep["outcome"] | null {
  return (
    (["failed", "skipped", "done", "earlier"] as const).find((outcome) =>
      ended.some((one) => one.outcome === outcome),
    ) ?? null
  );
}

function longest(item: PlanItem, elapsedMs: ElapsedMs): number | null {
  const all = item.steps.flatMap((step) => elapsedMs(step.id) ?? []);
  return all.length === 0 ? null : Math.max(...all);
}
