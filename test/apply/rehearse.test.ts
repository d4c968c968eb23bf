import { describe, expect, it } from "vitest";
import { readOnly } from "../../src/adapters/store-wrappers/read-only.ts";
import { History } from "../../src/apply/history.ts";
import { rehearsePlan } from "../../src/apply/rehearse.ts";
import { runPlan } from "../../src/apply/run-plan.ts";
import type { Step } from "../../src/model/step.ts";
import { fail } from "../../src/problems/dbops-error.ts";
import { problem } from "../../src/problems/problem.ts";
import type { Standing } from "../../src/steps/handler.ts";
import { handlers as realHandlers } from "../../src/steps/handlers.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { never, optionsOf, planOf, portsOf, recordsOf, START_AT } from "./build.ts";
import { copyOf, holdOf, pipelineOf, pruneOf, verifyOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

describe("a dry run", () => {
  it("asks every step in plan order and changes nothing, in no store", async () => {
    const { primary, dr, ports, effects } = world();
    primary.put("app/old", "a backup");
    const before = [...primary.keys(), ...dr.keys()];
    const steps = [...pipelineOf("app"), pruneOf("app", "gone"), pruneOf("app", "old"), holdOf("app", "x")];
    const rehearsed = await rehearse(steps, { ports, handlers: syntheticHandlers(effects.watch) });
    expect(rehearsed.map((one) => [one.step.id, one.standing, one.detail])).toEqual([
      ["app.dump", "ready", null],
      ["app.encrypt", "ready", null],
      ["app.upload", "ready", null],
      ["app.prune.gone", "done", "it is gone"],
      ["app.prune.old", "ready", null],
      ["app.hold.x", "ready", null],
    ]);
    expect([...primary.keys(), ...dr.keys()]).toEqual(before);
    expect(effects.seen).toEqual([]);
  });

  it("is stopped by the store itself when a probe would write", async () => {
    const { primary, ports } = world();
    const handlers = syntheticHandlers();
    const writing: typeof handlers.hold = {
      ...handlers.hold,
      probe: async (_step, run) => {
        await run.ports.store("primary").replace("x", Buffer.from("x"), "absent", run.signal);
        return { state: "ready" };
      },
    };
    const [only] = await rehearse([holdOf("app", "x")], { ports, handlers: { ...handlers, hold: writing } });
    expect(only).toMatchObject({ standing: "blocked", problem: { code: "INTERNAL" } });
    expect(primary.keys()).toEqual([]);
  });

  it("writes nothing with the real steps either, and no probe of theirs tries to", async () => {
    const { primary, dr, ports } = world();
    for (const store of [primary, dr])
      store.put(
        "_dbops/store.json",
        JSON.stringify({ storeId: "1", environment: "production", createdAt: START_AT }),
      );
    const before = [primary.keys(), dr.keys()];
    const steps = [copyOf("app"), verifyOf("app"), pruneOf("app", "production_app_20260101_000000")];
    const rehearsed = await rehearse(steps, { ports, handlers: realHandlers });
    expect(rehearsed.map((one) => one.standing)).toEqual(["waiting", "waiting", "done"]);
    expect([primary.keys(), dr.keys()]).toEqual(before);
  });

  it.each([
    [{ state: "ready" }, { standing: "ready", detail: null, problem: null }],
    [
      { state: "waiting", for: "a.upload" },
      { standing: "waiting", detail: "a.upload", problem: null },
    ],
    [
      { state: "done", evidence: "is there", facts: {} },
      { standing: "done", detail: "is there", problem: null },
    ],
    [
      { state: "blocked", problem: problem("PRUNE_REFUSED", "held") },
      { standing: "blocked", detail: null, problem: problem("PRUNE_REFUSED", "held") },
    ],
  ] as readonly (readonly [Standing, object])[])("tells that a step is %o", async (standing, expected) => {
    const { ports } = world();
    const handlers = syntheticHandlers();
    const hold = { ...handlers.hold, probe: async () => standing };
    const [only] = await rehearse([holdOf("app", "x")], { ports, handlers: { ...handlers, hold } });
    expect(only).toMatchObject(expected);
  });

  it("tells a probe that fails as blocked and asks the steps behind it", async () => {
    const { ports } = world();
    const handlers = syntheticHandlers();
    const prune = { ...handlers.prune, probe: async () => fail("STORE_UNREADABLE", "primary") };
    const steps = [pruneOf("app", "x"), holdOf("app", "x")];
    const rehearsed = await rehearse(steps, { ports, handlers: { ...handlers, prune } });
    expect(rehearsed).toMatchObject([
      { standing: "blocked", problem: { code: "STORE_UNREADABLE" } },
      { standing: "ready" },
    ]);
  });

  it("tells what an earlier attempt did as done, without asking", async () => {
    const { primary, dr, ports } = world();
    const history = new History();
    history.record("app", [{ event: "end", step: "app.hold.x", facts: {} }]);
    const rehearsed = await rehearse([holdOf("app", "x"), holdOf("app", "y")], { ports, history });
    expect(rehearsed.map((one) => one.standing)).toEqual(["done", "ready"]);
    const options = optionsOf(recordsOf(memoryStore()), { primary, dr }, { handlers: syntheticHandlers() });
    await runPlan(planOf([holdOf("app", "y")]), options);
    const again = await rehearse([holdOf("app", "x"), holdOf("app", "y")], { ports, history });
    expect(again.map((one) => one.standing)).toEqual(["done", "done"]);
  });
});

function world() {
  const primary: MemoryStore = memoryStore();
  const dr: MemoryStore = memoryStore();
  const seen: string[] = [];
  return {
    primary,
    dr,
    ports: portsOf({ primary: readOnly(primary), dr: readOnly(dr) }),
    effects: { seen, watch: (step: Step) => void seen.push(step.id) },
  };
}

function rehearse(
  steps: readonly Step[],
  more: { ports: ReturnType<typeof portsOf>; handlers?: typeof realHandlers; history?: History },
) {
  const { ports, handlers = syntheticHandlers(), history = new History() } = more;
  return rehearsePlan(planOf(steps), { ports, handlers, history, signal: never });
}
