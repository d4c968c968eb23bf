import type { Writable } from "node:stream";
import type { ProgressView, RunEvent } from "../ports/view.ts";
import { type Row, showRows } from "./live-rows.ts";
import { paintWith } from "./paint.ts";
import type { PlanItem } from "./plan-items.ts";
import { printable } from "./printable.ts";
import { itemEndText, itemOutcome, itemProgressText, overallText } from "./progress-text.ts";
import type { RunState, Watch } from "./run-state.ts";

const DRAW_EVERY_MS = 200;

/**
 * Live progress on a terminal: a row for each item that has begun, and one for the whole.
 * Rows appear when their items begin, so that hundreds of databases fit a screen.
 * Drawing is throttled: events only change the state, except the first and the last of an item.
 */
export class LiveProgress implements ProgressView {
  readonly #run: RunState;
  readonly #now: () => number;
  readonly #rows: ReadonlyMap<string, Row>;
  readonly #overall: Row;
  readonly #drawn: Promise<void>;
  readonly #timer: NodeJS.Timeout;

  constructor(out: Writable, watch: Watch, colour: boolean) {
    const { run, now } = watch;
    this.#run = run;
    this.#now = now;
    const shown = showRows(run.items.length + 1, out, paintWith(colour));
    this.#drawn = shown.drawn;
    this.#overall = shown.last;
    this.#overall.show(overallText(run));
    this.#rows = new Map(run.items.flatMap((item, index) => rowOf(item, shown.rows[index])));
    this.#timer = setInterval(() => this.#draw(), DRAW_EVERY_MS).unref();
  }

  event(event: RunEvent): void {
    const state = this.#run.take(event, this.#now());
    if (event.event === "notice") this.#overall.note(printable(event.text));
    if (state === null || event.event === "progress") return;
    const item = this.#run.itemOf(state.step);
    if (item !== null) this.#drawItem(item);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const item of this.#run.items) {
      if (itemOutcome(this.#run.statesOf(item)) !== null) continue;
      const row = this.#rows.get(item.id);
      if (this.#hasBegun(item)) row?.end("failed", `${itemProgressText(item, this.#run)}, stopped`);
      else row?.end("hidden", "");
    }
    const outcomes = this.#run.items.map((item) => itemOutcome(this.#run.statesOf(item)));
    const whole = outcomes.every((outcome) => outcome === "done" || outcome === "earlier");
    this.#overall.end(whole ? "done" : "failed", overallText(this.#run));
    await this.#drawn;
  }

  #draw(): void {
    for (const item of this.#run.items) this.#drawItem(item);
    this.#overall.show(overallText(this.#run));
  }

  #drawItem(item: PlanItem): void {
    const outcome = itemOutcome(this.#run.statesOf(item));
    const row = this.#rows.get(item.id);
    if (outcome === null && this.#hasBegun(item)) row?.show(itemProgressText(item, this.#run));
    else if (outcome !== null)
      row?.end(outcome === "earlier" ? "done" : outcome, itemEndText(item, this.#run));
  }

  #hasBegun(item: PlanItem): boolean {
    return this.#run.statesOf(item).some((state) => state.beganAtMs !== null);
  }
}

function rowOf(item: PlanItem, row: Row | undefined): readonly [string, Row][] {
  return row === undefined ? [] : [[item.id, row]];
}
