import type { Writable } from "node:stream";
import { instantOf } from "../model/instant.ts";
import type { ProgressView, RunEvent } from "../ports/view.ts";
import { jsonLine } from "./json-text.ts";
import type { RunState, Watch } from "./run-state.ts";

const EVERY_MS = 1000;

/**
 * Each event as one JSON line on stderr: `{ formatVersion, at, event, step, … }`, steps by id.
 * `progress` comes at most once a second for a step.
 */
export class JsonProgress implements ProgressView {
  readonly #out: Writable;
  readonly #run: RunState;
  readonly #now: () => number;
  readonly #told = new Map<string, number>();

  constructor(out: Writable, watch: Watch) {
    this.#out = out;
    this.#run = watch.run;
    this.#now = watch.now;
  }

  event(event: RunEvent): void {
    const nowMs = this.#now();
    this.#run.take(event, nowMs);
    if (event.event === "progress") {
      const told = this.#told.get(event.step.id);
      if (told !== undefined && nowMs - told < EVERY_MS) return;
      this.#told.set(event.step.id, nowMs);
    }
    this.#out.write(jsonLine({ formatVersion: 1, at: instantOf(nowMs), ...eventData(event) }));
  }

  async close(): Promise<void> {}
}

function eventData(event: RunEvent): Readonly<Record<string, unknown>> {
  switch (event.event) {
    case "begin":
      return { event: "begin", step: event.step.id, kind: event.step.kind, database: event.step.database };
    case "progress":
      return {
        event: "progress",
        step: event.step.id,
        doneBytes: event.doneBytes,
        totalBytes: event.totalBytes ?? null,
      };
    case "end": {
      const { step, outcome, facts, problems, stoppedWith } = event.ended;
      const stopped = stoppedWith === undefined ? {} : { stoppedWith };
      return { event: "end", step: step.id, outcome, facts, problems, ...stopped };
    }
    case "notice":
      return { event: "notice", text: event.text };
  }
}
