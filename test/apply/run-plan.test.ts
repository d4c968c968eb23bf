import { describe, expect, it } from "vitest";
import { acquireLock } from "../../src/apply/lock.ts";
import { runPlan } from "../../src/apply/run-plan.ts";
import { verifyJournal } from "../../src/apply/verify-journal.ts";
import type { Step } from "../../src/model/step.ts";
import type { RunEvent } from "../../src/ports/view.ts";
import { fail } from "../../src/problems/dbops-error.ts";
import { problem } from "../../src/problems/problem.ts";
import type { Standing } from "../../src/steps/handler.ts";
import { memoryStore } from "../support/memory-store.ts";
import {
  entriesOf,
  eventsOf,
  handClock,
  hostOf,
  never,
  optionsOf,
  planOf,
  recordsOf,
  settle,
} from "./build.ts";
import { copyOf, holdOf, pipelineOf, pruneOf, verifyOf } from "./steps.ts";
import { syntheticHandlers, type Watch } from "./synthetic-handlers.ts";

describe("the order of steps", () => {
  it("begins a step only after all that it needs have succeeded", async () => {
    const { run, begun, release } = gatedWorld();
    const first = holdOf("app", "first");
    const second = holdOf("app", "second", { needs: [first.id] });
    const running = run([second, first]);
    await settle();
    expect(begun).toEqual([first.id]);
    release(first.id);
    release(second.id);
    expect((await running).outcome).toBe("applied");
    expect(begun).toEqual([first.id, second.id]);
  });

  it("begins a step only after all that it comes after have ended", async () => {
    const { run, begun, release } = gatedWorld();
    const first = holdOf("app", "first");
    const second = holdOf("app", "second", { after: [first.id] });
    const running = run([second, first]);
    await settle();
    expect(begun).toEqual([first.id]);
    release(first.id);
    release(second.id);
    await running;
  });

  it("lets what needs a part of a pipeline wait for the whole of it", async () => {
    const { run, begun, release } = gatedWorld();
    const running = run([holdOf("app", "last", { needs: ["app.dump"] }), ...pipelineOf("app")]);
    release("app.dump");
    await settle();
    expect(begun).toEqual(["app.dump", "app.upload"]);
    release("app.upload");
    release("app.hold.last");
    expect((await running).outcome).toBe("applied");
  });

  it.each([1, 2, 3])("never runs more than %i units at once", async (parallelism) => {
    let now = 0;
    let most = 0;
    const steps = Array.from({ length: 8 }, (_, index) => holdOf(`db${index % 3}`, `h${index}`));
    const { run } = worldOf(async () => {
      now += 1;
      most = Math.max(most, now);
      await settle();
      now -= 1;
    });
    expect((await run(steps, { parallelism })).outcome).toBe("applied");
    expect(most).toBe(parallelism);
  });
});

describe("a failure", () => {
  it("skips what needs it, through every link, and nothing else", async () => {
    const { run, outcomes } = worldOf(failing("app.upload"));
    const steps = [
      holdOf("app", "last", { needs: ["app.copy"] }),
      ...pipelineOf("app"),
      copyOf("app"),
      holdOf("app", "alone"),
      ...pipelineOf("other"),
      copyOf("other"),
    ];
    expect((await run(steps)).outcome).toBe("failed");
    expect(outcomes()).toEqual({
      "app.hold.last": "skipped",
      "app.dump": "failed",
      "app.encrypt": "failed",
      "app.upload": "failed",
      "app.copy": "skipped",
      "app.hold.alone": "done",
      "other.dump": "done",
      "other.encrypt": "done",
      "other.upload": "done",
      "other.copy": "done",
    });
  });

  it("ends the run also when the last thing that happens is a skip", async () => {
    const { run, outcomes } = worldOf(failing("app.hold.first"));
    await run([holdOf("app", "first"), holdOf("app", "second", { needs: ["app.hold.first"] })]);
    expect(outcomes()).toEqual({ "app.hold.first": "failed", "app.hold.second": "skipped" });
  });

  it("does not keep a step from running that only comes after it", async () => {
    const { run, outcomes } = worldOf(failing("app.verify"));
    const order = { after: ["app.verify", "app.prune.old"] };
    const prune = pruneOf("app", "old", { needs: ["app.verify"] });
    await run([...pipelineOf("app"), verifyOf("app"), prune, holdOf("app", "told", order)]);
    expect(outcomes()).toMatchObject({
      "app.verify": "failed",
      "app.prune.old": "skipped",
      "app.hold.told": "done",
    });
  });

  it("is journaled with its problems, and its scope is not applied", async () => {
    const { run, records } = worldOf(failing("app.hold.first"));
    const applied = await run([holdOf("app", "first"), holdOf("app", "second")]);
    const events = eventsOf(records, "app");
    const problems = applied.steps.find((one) => one.step.id === "app.hold.first")?.problems;
    expect(problems?.[0]).toMatchObject({ code: "STEP_FAILED", detail: "app.hold.first" });
    expect(events).toContainEqual({ event: "failed", step: "app.hold.first", problems });
    expect(events.map((one) => one.event)).not.toContain("applied");
  });

  it("of a pipeline leaves no object behind", async () => {
    const { run, primary } = worldOf(failing("app.upload"));
    await run(pipelineOf("app"));
    expect(primary.keys()).toEqual([]);
  });
});

describe("where a step stands", () => {
  it("ends a step that is done already with its evidence and without doing it", async () => {
    const { run, primary, records, effects } = worldOf();
    primary.put("held/app/first", "held");
    const applied = await run([holdOf("app", "first")]);
    expect(applied.steps[0]?.outcome).toBe("done");
    expect(effects).toEqual([]);
    expect(eventsOf(records, "app").slice(1)).toEqual([
      { event: "end", step: "app.hold.first", facts: {}, evidence: "held/app/first is there" },
      { event: "applied" },
    ]);
  });

  it("fails a blocked step with the problem that blocks it and does not begin it", async () => {
    const blocking = problem("PRUNE_REFUSED", "it is the last one");
    const { run, records, effects } = worldOf(undefined, { state: "blocked", problem: blocking });
    const applied = await run([holdOf("app", "first")]);
    expect(applied.steps[0]).toMatchObject({ outcome: "failed", problems: [blocking] });
    expect(effects).toEqual([]);
    expect(eventsOf(records, "app").slice(1)).toEqual([
      { event: "failed", step: "app.hold.first", problems: [blocking] },
    ]);
  });

  it("ends a whole pipeline whose sink is done already, without opening its source", async () => {
    const sink: Standing = { state: "done", evidence: "another host made it", facts: { name: "app/7" } };
    const { run, records, dr, effects, primary } = worldOf(undefined, null, sink);
    for (const key of ["app/7", "app/7.manifest"]) primary.put(key, "theirs");
    const applied = await run([...pipelineOf("app"), copyOf("app")]);
    expect(applied.outcome).toBe("applied");
    expect(effects).toEqual(["app.copy"]);
    expect(dr.text("app/7")).toBe("theirs");
    expect(eventsOf(records, "app.backup")[3]).toEqual({
      event: "end",
      step: "app.upload",
      facts: { name: "app/7" },
      evidence: "another host made it",
    });
  });

  it("journals the begin before the effect and the end before what needs it", async () => {
    const seen: string[] = [];
    const { run, records } = worldOf((step) => {
      for (const scope of ["app", "app.backup"])
        for (const one of eventsOf(records, scope)) if ("step" in one) seen.push(`${one.event} ${one.step}`);
      seen.push(`effect ${step.id}`);
    });
    await run([holdOf("app", "first"), holdOf("app", "second", { needs: ["app.hold.first"] })]);
    expect(seen).toEqual([
      "begin app.hold.first",
      "effect app.hold.first",
      "begin app.hold.first",
      "end app.hold.first",
      "begin app.hold.second",
      "effect app.hold.second",
    ]);
  });
});

describe("a run", () => {
  it("counts itself as the first attempt in every scope", async () => {
    const { run, records } = worldOf();
    const applied = await run([...pipelineOf("app"), holdOf("app", "first", { needs: ["app.upload"] })]);
    expect(applied.resumed).toBe(false);
    for (const scope of ["app", "app.backup"])
      expect(eventsOf(records, scope)[0]).toMatchObject({ event: "plan", attempt: 1 });
  });

  it("ends every scope with applied, and has freed each lock by then", async () => {
    const { run, records } = worldOf();
    await run([...pipelineOf("app"), ...pipelineOf("other"), holdOf("app", "first")]);
    for (const scope of ["app", "app.backup", "other.backup"]) {
      expect(entriesOf(records, scope).at(-1)?.events.at(-1)).toEqual({ event: "applied" });
      expect(JSON.parse(records.text(`_dbops/locks/${scope}.json`) ?? "")).toMatchObject({ state: "free" });
    }
  });

  it("waits for a slow last entry of one scope while another scope ends", async () => {
    const gate = Promise.withResolvers<void>();
    const { run, records } = worldOf();
    const write = records.write;
    records.write = async (key, ...rest) => {
      const answer = await write(key, ...rest);
      if (key.includes("/a/") && entriesOf(records, "a").at(-1)?.events[0]?.event === "applied")
        await gate.promise;
      return answer;
    };
    let ended = false;
    const running = run([holdOf("a", "first"), holdOf("b", "first", { after: [] })]).then(() => {
      ended = true;
    });
    await settle();
    expect(ended).toBe(false);
    gate.resolve();
    await running;
    expect(JSON.parse(records.text("_dbops/locks/a.json") ?? "")).toMatchObject({ state: "free" });
  });

  it("records a failure before the end of the last other step of its scope releases the lock", async () => {
    const failed = Promise.withResolvers<void>();
    const { run, records } = worldOf(async (step) => {
      if (step.id !== "app.hold.first") return;
      await failed.promise;
      fail("STEP_FAILED", "the first");
    });
    const write = records.write;
    records.write = async (key, ...rest) => {
      const answer = await write(key, ...rest);
      if (!eventsOf(records, "app").some((one) => one.event === "end")) return answer;
      failed.resolve(); // while the end of the second step is on its way
      await settle();
      return answer;
    };
    await run([holdOf("app", "first"), holdOf("app", "second")]);
    expect(eventsOf(records, "app").at(-1)).toMatchObject({ event: "failed", step: "app.hold.first" });
    expect(await verifyJournal(records, "app", never)).toMatchObject({ state: "consistent, anchored" });
  });

  it("of no step has nothing to do", async () => {
    expect((await worldOf().run([])).outcome).toBe("nothing to do");
  });

  it("is refused as a whole, before anything is begun, while another holds a lock that it needs first", async () => {
    const { run, records, effects } = worldOf();
    const other = { store: records, host: hostOf(2), clock: handClock() };
    const lock = await acquireLock(other, "other", "a plan");
    await expect(run([holdOf("app", "first"), holdOf("other", "first")])).rejects.toThrow(/deploy-2@host-1/);
    expect(effects).toEqual([]);
    expect(JSON.parse(records.text("_dbops/locks/app.json") ?? "")).toMatchObject({ state: "free" });
    await lock.release();
    expect((await run([holdOf("app", "first"), holdOf("other", "first")])).outcome).toBe("applied");
  });

  it("that skips locked scopes fails their steps with the holder's name and does the others", async () => {
    const { run, records, outcomes, effects } = worldOf();
    const other = { store: records, host: hostOf(2), clock: handClock() };
    await acquireLock(other, "other", "a plan");
    const applied = await run([holdOf("app", "first"), holdOf("other", "first")], { whenLocked: "skip" });
    expect(outcomes()).toEqual({ "app.hold.first": "done", "other.hold.first": "failed" });
    expect(applied.steps[1]?.problems[0]).toMatchObject({
      code: "LOCKED",
      detail: expect.stringMatching(/deploy-2@host-1/),
    });
    expect(effects).toEqual(["app.hold.first"]);
  });
});

/** `standing`: what every hold step finds; null: whether its object is there. `sink`: what every upload finds. */
function worldOf(
  watch: Watch = () => undefined,
  standing: Standing | null = null,
  sink: Standing = { state: "ready" },
) {
  const records = memoryStore();
  const primary = memoryStore();
  const effects: string[] = [];
  const ended = new Map<string, string>();
  const onEvent = (event: RunEvent) => {
    if (event.event === "end") ended.set(event.ended.step.id, event.ended.outcome);
  };
  const handlers = syntheticHandlers(async (step, signal) => {
    await watch(step, signal);
    effects.push(step.id);
  });
  const hold = standing === null ? handlers.hold : { ...handlers.hold, probe: async () => standing };
  const upload = { ...handlers.upload, probe: async () => sink };
  const dr = memoryStore();
  const stores = { primary, dr };
  return {
    records,
    primary,
    dr,
    effects,
    outcomes: () => Object.fromEntries(ended),
    run: (steps: readonly Step[], more: { parallelism?: number; whenLocked?: "skip" } = {}) =>
      runPlan(
        planOf(steps),
        optionsOf(recordsOf(records), stores, { handlers: { ...handlers, hold, upload }, onEvent, ...more }),
      ),
  };
}

/** Every effect waits until the test releases it. */
function gatedWorld() {
  const begun: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const gateOf = (step: string) => {
    const gate = gates.get(step) ?? Promise.withResolvers<void>();
    gates.set(step, gate);
    return gate;
  };
  const world = worldOf((step) => {
    begun.push(step.id);
    return gateOf(step.id).promise;
  });
  return { run: world.run, begun, release: (step: string) => gateOf(step).resolve() };
}

function failing(...steps: readonly string[]): Watch {
  return (step) => {
    if (steps.includes(step.id)) fail("STEP_FAILED", step.id);
  };
}
