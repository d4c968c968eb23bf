import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ProgressView } from "../../src/ports/view.ts";
import { problem } from "../../src/problems/problem.ts";
import { aPlan, copyStep, pruneStep } from "./build.ts";
import { type Captured, captureView, NOW_MS } from "./capture.ts";

const MIB = 1024 * 1024;
const COPY = copyStep();
const PRUNE = pruneStep();

let captured: Captured;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("progress where nothing may move the cursor", () => {
  it("is one dated line per event, the first heartbeat after ten seconds, then every thirty", async () => {
    const progress = open({});
    progress.event({ event: "begin", step: COPY });
    vi.advanceTimersByTime(9_000);
    progress.event({ event: "progress", step: COPY, doneBytes: 90 * MIB, totalBytes: 500 * MIB });
    vi.advanceTimersByTime(31_000);
    progress.event({ event: "end", ended: { step: COPY, outcome: "done", facts: null, problems: [] } });
    vi.advanceTimersByTime(60_000);
    progress.event({ event: "notice", text: "waiting for the lock of\u001b[2J trading_signals" });
    await progress.close();
    vi.advanceTimersByTime(60_000);
    expect(captured.stdout()).toBe("");
    expect(captured.stderr()).toBe(`\
02:00:00 trading_signals.copy.dr begins: copy the new backup of trading_signals from primary to dr
02:00:10 trading_signals.copy.dr running for 10 s: 90.0 MiB of about 500.0 MiB (18 %), 10.0 MiB/s, 41 s left
02:00:40 trading_signals.copy.dr running for 40 s: 90.0 MiB of about 500.0 MiB (18 %), 10.0 MiB/s, 41 s left
02:00:40 trading_signals.copy.dr done after 40 s: 90.0 MiB, 10.0 MiB/s
02:01:40 waiting for the lock of\\x1b[2J trading_signals
`);
  });

  it("says why a step failed or was not begun", async () => {
    const progress = open({});
    progress.event({ event: "begin", step: COPY });
    const full = problem("STORE_FULL", "dr: no space");
    progress.event({ event: "end", ended: { step: COPY, outcome: "failed", facts: null, problems: [full] } });
    const needs = problem("STEP_FAILED", "it needs trading_signals.copy.dr", { severity: "warning" });
    progress.event({
      event: "end",
      ended: { step: PRUNE, outcome: "skipped", facts: null, problems: [needs] },
    });
    await progress.close();
    expect(captured.stderr()).toContain("copy.dr failed after 0.0 s: a store has no space left\n");
    expect(captured.stderr()).toContain(`${PRUNE.id} not begun: it needs trading_signals.copy.dr\n`);
  });
});

it("is JSON lines on stderr with --json, progress of a step at most once a second", async () => {
  const progress = open({ json: true });
  progress.event({ event: "begin", step: COPY });
  for (const mib of [1, 2, 3])
    progress.event({ event: "progress", step: COPY, doneBytes: mib, totalBytes: 9 });
  vi.advanceTimersByTime(1_000);
  progress.event({ event: "progress", step: COPY, doneBytes: 4 });
  progress.event({ event: "end", ended: { step: COPY, outcome: "done", facts: { bytes: 4 }, problems: [] } });
  progress.event({ event: "notice", text: "a\nb\u009b" });
  await progress.close();
  expect(captured.stdout()).toBe("");
  expect(captured.stderr().trimEnd().split("\n")).toEqual([
    '{"formatVersion":1,"at":"2026-11-24T02:00:00.000Z","event":"begin","step":"trading_signals.copy.dr","kind":"copy","database":"trading_signals"}',
    '{"formatVersion":1,"at":"2026-11-24T02:00:00.000Z","event":"progress","step":"trading_signals.copy.dr","doneBytes":1,"totalBytes":9}',
    '{"formatVersion":1,"at":"2026-11-24T02:00:01.000Z","event":"progress","step":"trading_signals.copy.dr","doneBytes":4,"totalBytes":null}',
    '{"formatVersion":1,"at":"2026-11-24T02:00:01.000Z","event":"end","step":"trading_signals.copy.dr","outcome":"done","facts":{"bytes":4},"problems":[]}',
    '{"formatVersion":1,"at":"2026-11-24T02:00:01.000Z","event":"notice","text":"a\\nb\\u009b"}',
  ]);
});

it("is silent with --quiet", async () => {
  const progress = open({ quiet: true });
  progress.event({ event: "begin", step: COPY });
  vi.advanceTimersByTime(60_000);
  await progress.close();
  expect(captured.both()).toBe("");
});

function open(more: { json?: boolean; quiet?: boolean }): ProgressView {
  captured = captureView({ ...more, now: () => Date.now() });
  return captured.view.progress(aPlan([COPY, PRUNE]));
}
