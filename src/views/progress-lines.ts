import type { Writable } from "node:stream";
import { instantOf } from "../model/instant.ts";
import type { ProgressView, RunEvent } from "../ports/view.ts";
import { printable } from "./printable.ts";
import { paceText } from "./progress-text.ts";
import { durationText } from "./quantities.ts";
import type { RunState, StepState, Watch } from "./run-state.ts";
import { stepText } from "./step-text.ts";

/** When a silent run says that it lives. */
export interface Heartbeat {
  readonly firstMs: number;
  readonly everyMs: number;
}

/** One line per event, and at every heartbeat one per running step: for logs, where nothing may move the cursor. */
export class LineProgress implements ProgressView {
  readonly #out: Writable;
  readonly #run: RunState;
  readonly #now: () => number;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout;

  constructor(out: Writable, watch: Watch, heartbeat: Heartbeat) {
    this.#out = out;
    this.#run = watch.run;
    this.#now = watch.now;
    this.#everyMs = heartbeat.everyMs;
    this.#timer = setTimeout(() => this.#beat(), heartbeat.firstMs).unref();
  }

  event(event: RunEvent): void {
    const state = this.#run.take(event, this.#now());
    const text = eventText(event, state, this.#run);
    if (text !== null) this.#write(text);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
  }

  #beat(): void {
    const nowMs = this.#now();
    for (const state of this.#run.running()) this.#write(beatText(state, nowMs));
    this.#timer = setTimeout(() => this.#beat(), this.#everyMs).unref();
  }

  #write(text: string): void {
    this.#out.write(`${instantOf(this.#now()).slice(11, 19)} ${printable(text)}\n`);
  }
}

/** A silent one, for --quiet; still adds up what the report tells. */
export class SilentProgress implements ProgressView {
  readonly #run: RunState;
  readonly #now: () => number;

  constructor(watch: Watch) {
    this.#run = watch.run;
    this.#now = watch.now;
  }

  event(event: RunEvent): void {
    this.#run.take(event, this.#now());
  }

  async close(): Promise<void> {}
}

/** What a log says of a running step: how far, or at least for how long. */
export function beatText(state: StepState, nowMs: number): string {
  const since = durationText(nowMs - (state.beganAtMs ?? nowMs));
  const pace = paceText(state);
  return `${state.step.id} running for ${since}${pace === "" ? "" : `: ${pace}`}`;
}

function eventText(event: RunEvent, state: StepState | null, run: RunState): string | null {
  switch (event.event) {
    case "begin":
      return `${event.step.id} begins: ${stepText(event.step)}`;
    case "progress":
      return null;
    case "notice":
      return event.text;
    case "end":
      return endText(event, state, run);
  }
}

function endText(event: Extract<RunEvent, { event: "end" }>, state: StepState | null, run: RunState): string {
  const { step, outcome, problems, stoppedWith } = event.ended;
  const elapsedMs = run.elapsedMs(step.id);
  const took = elapsedMs === null ? "" : ` after ${durationText(elapsedMs)}`;
  const pace =
    state === null || state.doneBytes === null ? "" : `: ${paceText({ ...state, totalBytes: null })}`;
  const why = problems[0] === undefined ? "" : `: ${problems[0].summary}`;
  switch (outcome) {
    case "done":
      return `${step.id} done${took}${pace}`;
    case "earlier":
      return `${step.id} was done by an earlier attempt`;
    case "failed":
      if (stoppedWith !== undefined) return `${step.id} stopped with ${stoppedWith}`;
      return `${step.id} failed${took}${why}`;
    case "skipped":
      return `${step.id} not begun: ${problems[0]?.detail ?? "something it needs did not succeed"}`;
  }
}
