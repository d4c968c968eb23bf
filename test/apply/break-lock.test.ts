import { expect, it } from "vitest";
import { breakLock } from "../../src/apply/break-lock.ts";
import { acquireLock } from "../../src/apply/lock.ts";
import { runPlan } from "../../src/apply/run-plan.ts";
import { verifyJournal } from "../../src/apply/verify-journal.ts";
import { memoryStore } from "../support/memory-store.ts";
import { eventsOf, handClock, hostOf, never, optionsOf, planOf, recordsOf, settle } from "./build.ts";
import { holdOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

it("frees a lock that is held, with a new epoch, and records why", async () => {
  const store = memoryStore();
  const first = await acquireLock({ store, host: hostOf(1), clock: handClock() }, "app", "a plan");
  expect(await breakLock(recordsOf(store, { host: hostOf(2) }), "app", "it hangs")).toBe(2);
  expect(JSON.parse(store.text("_dbops/locks/app.json") ?? "")).toMatchObject({
    state: "free",
    holder: null,
  });
  expect(eventsOf(store, "app")).toEqual([{ event: "lock-broken", reason: "it hangs" }]);
  await expect(first.assertHeld()).rejects.toMatchObject({ problems: [{ code: "LOCK_LOST" }] });
  const second = await acquireLock({ store, host: hostOf(3), clock: handClock() }, "app", "a plan");
  expect(second.epoch).toBe(3);
});

it("stops the old holder before its next effect, and the chain goes on whole", async () => {
  const store = memoryStore();
  const stores = { primary: memoryStore(), dr: memoryStore() };
  const gate = Promise.withResolvers<void>();
  const effects: string[] = [];
  const handlers = syntheticHandlers(async (step) => {
    effects.push(step.id);
    await gate.promise;
  });
  const steps = [holdOf("app", "first"), holdOf("app", "second", { after: ["app.hold.first"] })];
  const running = runPlan(planOf(steps), optionsOf(recordsOf(store), stores, { handlers }));
  await settle();
  await breakLock(recordsOf(store, { host: hostOf(2) }), "app", "it hangs");
  gate.resolve();
  expect((await running).steps.map((one) => one.outcome)).toEqual(["failed", "failed"]);
  expect(effects).toEqual(["app.hold.first"]);
  const again = recordsOf(store, { host: hostOf(3) });
  const options = optionsOf(again, stores, { handlers: syntheticHandlers() });
  expect((await runPlan(planOf(steps), options)).outcome).toBe("applied");
  expect(await verifyJournal(store, "app", never)).toMatchObject({ state: "consistent, anchored" });
});

it("refuses a scope that has no lock", async () => {
  const records = recordsOf(memoryStore());
  await expect(breakLock(records, "app", "it hangs")).rejects.toMatchObject({
    problems: [{ code: "USAGE" }],
  });
});
