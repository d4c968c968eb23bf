import { itemText, type PlanItem } from "./plan-items.ts";
import { bytesText, countText, durationText, rateText } from "./quantities.ts";
import { type Pace, paceOf, type RunState, type StepState } from "./run-state.ts";

/** How far a step is: `412.0 MiB of about 1.2 GiB (34 %), 41.0 MiB/s, 19 s left`; empty before its first byte. */
export function paceText(state: StepState): string {
  if (state.doneBytes === null) return "";
  const pace = paceOf(state);
  const share =
    pace.percent === null ? "" : ` of about ${bytesText(state.totalBytes ?? 0)} (${pace.percent} %)`;
  return [`${bytesText(state.doneBytes)}${share}`, ...speedTexts(pace)].join(", ");
}

/** The same for 80 columns: `412.0 MiB, 34 %, 41.0 MiB/s, 19 s left`. */
function shortPaceText(state: StepState): string {
  const pace = paceOf(state);
  const share = pace.percent === null ? [] : [`${pace.percent} %`];
  return [bytesText(state.doneBytes ?? 0), ...share, ...speedTexts(pace)].join(", ");
}

function speedTexts(pace: Pace): readonly string[] {
  return [
    ...(pace.bytesPerSecond === null ? [] : [rateText(pace.bytesPerSecond)]),
    ...(pace.leftMs === null ? [] : [`${durationText(pace.leftMs)} left`]),
  ];
}

/** One line of live progress: the item, and how far the first of its steps that counts bytes is. */
export function itemProgressText(item: PlanItem, run: RunState): string {
  const states = run.statesOf(item).filter((state) => state.doneBytes !== null);
  const title = itemText(item);
  const first = states[0];
  if (first === undefined) return title;
  const last = states.at(-1);
  if (last === undefined || last === first) return `${title}: ${shortPaceText(first)}`;
  const arrived = last.step.kind === "load" ? "loaded" : "stored";
  return `${title}: ${shortPaceText(first)}, ${bytesText(last.doneBytes ?? 0)} ${arrived}`;
}

/** The line of an item that ended: bytes and seconds instead of a pace. */
export function itemEndText(item: PlanItem, run: RunState): string {
  const states = run.statesOf(item);
  const title = itemText(item);
  const outcome = itemOutcome(states);
  if (outcome === "earlier") return `${title}: done by an earlier attempt`;
  if (outcome === "skipped") return `${title}: not begun`;
  const elapsedMs = Math.max(...item.steps.map((step) => run.elapsedMs(step.id) ?? 0));
  const bytes = states.find((state) => state.doneBytes !== null)?.doneBytes ?? null;
  const amount = bytes === null ? [] : [bytesText(bytes)];
  const word = outcome === "failed" ? ["failed"] : [];
  return `${title}: ${[...word, ...amount, durationText(elapsedMs)].join(", ")}`;
}

/** Null while a step of the item is still to end; the worst of its outcomes then. */
export function itemOutcome(states: readonly StepState[]): StepState["outcome"] {
  if (states.some((state) => state.outcome === null)) return null;
  const worst = (["failed", "skipped", "done", "earlier"] as const).find((outcome) =>
    states.some((state) => state.outcome === outcome),
  );
  return worst ?? null;
}

/** `3 of 12 done, 2 running, 1 failed`. */
export function overallText(run: RunState): string {
  const outcomes = run.items.map((item) => itemOutcome(run.statesOf(item)));
  const count = (...wanted: (typeof outcomes)[number][]): number =>
    outcomes.filter((outcome) => wanted.includes(outcome)).length;
  const running = run.items.filter((item) =>
    run.statesOf(item).some((state) => state.beganAtMs !== null && state.outcome === null),
  ).length;
  return [
    `${count("done", "earlier")} of ${countText(run.items.length, "item")} done`,
    ...(running === 0 ? [] : [`${running} running`]),
    ...(count("failed") === 0 ? [] : [`${count("failed")} failed`]),
    ...(count("skipped") === 0 ? [] : [`${count("skipped")} not begun`]),
  ].join(", ");
}
