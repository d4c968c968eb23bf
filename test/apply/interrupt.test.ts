import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { runPlan } from "../../src/apply/run-plan.ts";
import { verifyJournal } from "../../src/apply/verify-journal.ts";
import type { Step } from "../../src/model/step.ts";
import { DbopsError } from "../../src/problems/dbops-error.ts";
import { problem } from "../../src/problems/problem.ts";
import type { Source } from "../../src/steps/handler.ts";
import { memoryStore } from "../support/memory-store.ts";
import { eventsOf, handClock, hostOf, never, optionsOf, planOf, recordsOf, settle } from "./build.ts";
import { copyOf, holdOf, pipelineOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

describe("an interrupt", () => {
  it("aborts a pipeline at once, in the middle of its stream, and leaves no object", async () => {
    const { run, primary, interrupt, closed } = world({ endless: true });
    const running = run(pipelineOf("app"));
    await settle();
    interrupt();
    const applied = await running;
    expect(applied.outcome).toBe("interrupted");
    expect(applied.steps.map((one) => one.outcome)).toEqual(["failed", "failed", "failed"]);
    expect(applied.steps.flatMap((one) => one.problems.map(({ code }) => code))).toEqual(["INTERRUPTED"]);
    expect(primary.keys()).toEqual([]);
    for await (const upload of primary.unfinished("", never)) expect(upload).toBeNull();
    expect(closed()).toBe(1);
  });

  it("lets a step that does not listen end, journals that it ended, and begins no other", async () => {
    const gate = Promise.withResolvers<void>();
    const { run, records, interrupt, effects } = world({ slow: () => gate.promise });
    const steps = [
      holdOf("app", "first"),
      holdOf("app", "second", { needs: ["app.hold.first"] }),
      holdOf("app", "third", { after: ["app.hold.first"] }),
    ];
    const running = run(steps);
    await settle();
    interrupt();
    gate.resolve();
    const applied = await running;
    expect(applied.outcome).toBe("interrupted");
    expect(applied.steps.map((one) => one.outcome)).toEqual(["done", "skipped", "skipped"]);
    expect(effects).toEqual(["app.hold.first"]);
    expect(eventsOf(records, "app").slice(-2)).toEqual([
      { event: "end", step: "app.hold.first", facts: {} },
      { event: "interrupted" },
    ]);
  });

  it("does not hide why a step failed by itself while it came", async () => {
    const gate = Promise.withResolvers<void>();
    const { run, records, interrupt } = world({ slow: () => gate.promise });
    const running = run([holdOf("app", "first"), holdOf("app", "second", { needs: ["app.hold.first"] })]);
    await settle();
    interrupt();
    gate.reject(new DbopsError([problem("PRUNE_REFUSED", "it is locked")]));
    const applied = await running;
    expect(applied.outcome).toBe("interrupted");
    expect(applied.steps[0]).toMatchObject({ outcome: "failed", problems: [{ code: "PRUNE_REFUSED" }] });
    expect(eventsOf(records, "app").slice(-2)).toMatchObject([
      { event: "failed", problems: [{ code: "PRUNE_REFUSED" }] },
      { event: "interrupted" },
    ]);
  });

  it("is recorded, frees the locks, and the next run ends what is left", async () => {
    const { run, records, primary, dr, interrupt } = world({ endless: true });
    const steps = [holdOf("app", "first"), ...pipelineOf("app"), copyOf("app")];
    const running = run(steps);
    await settle();
    interrupt();
    await running;
    expect(eventsOf(records, "app.backup").at(-1)).toEqual({ event: "interrupted" });
    for (const scope of ["app", "app.backup"]) {
      expect(JSON.parse(records.text(`_dbops/locks/${scope}.json`) ?? "")).toMatchObject({ state: "free" });
      expect(await verifyJournal(records, scope, never)).toMatchObject({ state: "consistent, anchored" });
    }
    const resumed = await world({ records, primary, dr }).run(steps);
    expect(resumed).toMatchObject({ outcome: "applied", resumed: true });
    expect(resumed.steps.map((one) => one.outcome)).toEqual(["earlier", "done", "done", "done", "done"]);
    expect(dr.text("app/1")).toBe("ROWS OF APP; THE END");
  });

  it("before the first step begins nothing", async () => {
    const { run, records, effects, interrupt } = world({});
    interrupt();
    expect(await run([holdOf("app", "first")])).toMatchObject({ outcome: "interrupted" });
    expect(effects).toEqual([]);
    expect(eventsOf(records, "app").map((one) => one.event)).toEqual(["plan", "interrupted"]);
  });

  it("that comes when everything is done changes nothing", async () => {
    const { run, interrupt, records } = world({ slow: async () => interrupt() });
    expect(await run([holdOf("app", "first")])).toMatchObject({ outcome: "applied" });
    expect(eventsOf(records, "app").at(-1)).toEqual({ event: "applied" });
  });
});

interface Arrangement {
  readonly records?: ReturnType<typeof memoryStore>;
  readonly primary?: ReturnType<typeof memoryStore>;
  readonly dr?: ReturnType<typeof memoryStore>;
  /** The dump never ends by itself. */
  readonly endless?: true;
  /** What every hold waits for, without listening to the interrupt. */
  readonly slow?: () => Promise<void>;
}

function world(given: Arrangement) {
  const { records = memoryStore(), primary = memoryStore(), dr = memoryStore() } = given;
  const controller = new AbortController();
  const effects: string[] = [];
  let closed = 0;
  const handlers = syntheticHandlers(async (step) => {
    effects.push(step.id);
    if (step.kind === "hold") await given.slow?.();
  });
  const open: Source<Extract<Step, { kind: "dump" }>>["open"] = async (_step, run) => ({
    known: {},
    parts: [{ name: "archive", body: endless(run.signal), facts: Promise.resolve({}) }],
    close: async () => {
      closed += 1;
    },
  });
  const dump = given.endless === true ? { ...handlers.dump, open } : handlers.dump;
  const all = { ...handlers, dump } as typeof handlers; // a source takes the place of a source
  return {
    records,
    primary,
    dr,
    effects,
    closed: () => closed,
    interrupt: () => controller.abort(new Error("interrupted")),
    run: (steps: readonly Step[]) => {
      const context = recordsOf(records, { host: hostOf(1), clock: handClock() });
      const options = { handlers: all, signal: controller.signal };
      return runPlan(planOf(steps), optionsOf(context, { primary, dr }, options));
    },
  };
}

/** One chunk, then nothing, until the signal ends it. */
function endless(signal: AbortSignal): Readable {
  let sent = false;
  return new Readable({
    signal,
    read() {
      if (!sent) this.push("rows");
      sent = true;
    },
  });
}
