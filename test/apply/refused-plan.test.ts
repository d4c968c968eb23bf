import { expect, it } from "vitest";
import { acquireLock } from "../../src/apply/lock.ts";
import { recallPlan, storePlan } from "../../src/apply/stored-plan.ts";
import { unitsOf } from "../../src/apply/units.ts";
import { handClock, hostOf, never, planOf, recordsOf } from "./build.ts";
import { worldOf } from "./run-world.ts";
import { holdOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

it("has not begun a plan that a lock refused, so that its age and the file still count", async () => {
  const { run, records } = worldOf();
  const steps = [holdOf("app", "first"), holdOf("other", "first")];
  const plan = planOf(steps);
  const units = unitsOf(plan, syntheticHandlers());
  await storePlan(recordsOf(records), plan, units);
  const lock = await acquireLock({ store: records, host: hostOf(2), clock: handClock() }, "other", "a plan");
  await expect(run(steps)).rejects.toThrow(/other is held/);
  expect((await recallPlan(recordsOf(records), plan, units, never)).hasBegun).toBe(false);
  await lock.release();
  await run(steps);
  expect((await recallPlan(recordsOf(records), plan, units, never)).hasBegun).toBe(true);
});
