import { expect, it } from "vitest";
import { runPlan } from "../../src/apply/run-plan.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { memoryStore } from "../support/memory-store.ts";
import { handClock, hostOf, optionsOf, planOf, recordsOf, settle } from "./build.ts";
import { holdOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

it("opens the scopes of hundreds of databases a few at a time", async () => {
  const store = memoryStore();
  let [now, most] = [0, 0];
  const counted: ObjectStore = {
    ...store,
    replace: async (...call) => {
      now += 1;
      most = Math.max(most, now);
      await settle();
      now -= 1;
      return store.replace(...call);
    },
  };
  const steps = Array.from({ length: 100 }, (_, n) => holdOf(`db${n}`, "first"));
  const records = recordsOf(counted, { host: hostOf(1), clock: handClock() });
  const stores = { primary: memoryStore(), dr: memoryStore() };
  const applied = await runPlan(planOf(steps), optionsOf(records, stores, { handlers: syntheticHandlers() }));
  expect(applied.outcome).toBe("applied");
  expect(most).toBeLessThanOrEqual(20);
});
