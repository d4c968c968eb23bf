import { describe, expect, it } from "vitest";
import { problem } from "../../src/problems/problem.ts";
import type { Standing } from "../../src/steps/handler.ts";
import { eventsOf, settle } from "./build.ts";
import { failing, gatedWorld, worldOf } from "./run-world.ts";
import { copyOf, holdOf, pipelineOf, pruneOf, verifyOf } from "./steps.ts";

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

  it("runs one unit at a time under a lock, and leases beside it", async () => {
    const { run, begun, release, primary } = gatedWorld();
    for (const key of ["app/1", "app/1.manifest"]) primary.put(key, "x");
    const backup = { existing: "app/1" };
    const copy = { ...copyOf("app", {}), backup };
    const verify = { ...verifyOf("app", {}), backup };
    const running = run([holdOf("app", "first"), holdOf("app", "second"), copy, verify]);
    await settle();
    expect(begun.toSorted()).toEqual(["app.copy", "app.hold.first", "app.verify"]);
    for (const step of ["app.hold.first", "app.hold.second", "app.copy", "app.verify"]) release(step);
    expect((await running).outcome).toBe("applied");
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
