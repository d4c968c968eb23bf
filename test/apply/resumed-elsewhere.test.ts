import { describe, expect, it } from "vitest";
import { breakLock } from "../../src/apply/break-lock.ts";
import { runPlan } from "../../src/apply/run-plan.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { memoryStore } from "../support/memory-store.ts";
import { entriesOf, eventsOf, hostOf, optionsOf, planOf, recordsOf } from "./build.ts";
import { copyOf, pipelineOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

const PLAN = planOf([...pipelineOf("app"), copyOf("app")]);

describe("a run that sleeps through its lease", () => {
  it("says nothing more of a plan that another has resumed", async () => {
    const world = sleepingWorld();
    const first = world.run(1, world.drowsy);
    await world.asleep;
    await breakLock(recordsOf(world.records), "app.backup", "it sleeps");
    expect(await world.run(2, world.primary)).toMatchObject({ outcome: "applied", resumed: true });
    const before = entriesOf(world.records, "app.backup");
    world.wake();
    const applied = await first;
    expect(applied.outcome).toBe("failed");
    expect(applied.steps.find(({ step }) => step.id === "app.upload")?.problems[0]).toMatchObject({
      code: "JOURNAL_TAKEN",
      detail: expect.stringMatching(/another run resumed this plan.*deploy-2@host-1/),
    });
    expect(entriesOf(world.records, "app.backup")).toEqual(before);
    expect(eventsOf(world.records, "app.backup").at(-1)).toEqual({ event: "applied" });
  });

  it("goes on where its lock was broken and nobody resumed its plan", async () => {
    const world = sleepingWorld();
    const first = world.run(1, world.drowsy);
    await world.asleep;
    await breakLock(recordsOf(world.records), "app.backup", "it sleeps");
    world.wake();
    expect((await first).outcome).toBe("applied");
    const events = eventsOf(world.records, "app.backup").map(({ event }) => event);
    expect(events.indexOf("lock-broken")).toBeGreaterThan(0);
    expect(events.at(-1)).toBe("applied");
  });
});

function sleepingWorld() {
  const [records, primary, dr] = [memoryStore(), memoryStore(), memoryStore()];
  const [asleep, wake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const run = (pid: number, store: ObjectStore) => {
    const more = { handlers: syntheticHandlers() };
    return runPlan(PLAN, optionsOf(recordsOf(records, { host: hostOf(pid) }), { primary: store, dr }, more));
  };
  const drowsy: ObjectStore = {
    ...primary,
    write: async (...all) => {
      const answer = await primary.write(...all);
      asleep.resolve(); // its backup is bound, and not sealed
      await wake.promise;
      return answer;
    },
  };
  return { records, primary, drowsy, run, asleep: asleep.promise, wake: wake.resolve };
}
