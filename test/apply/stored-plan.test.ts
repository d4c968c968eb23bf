import { describe, expect, it } from "vitest";
import { openJournal } from "../../src/apply/journal.ts";
import { acquireLock, unlocked } from "../../src/apply/lock.ts";
import { readPlanStart, recallPlan, storePlan } from "../../src/apply/stored-plan.ts";
import { unitsOf } from "../../src/apply/units.ts";
import { planKey } from "../../src/model/layout.ts";
import { parsePlan } from "../../src/plan/plan-file.ts";
import { planDigest } from "../../src/plan/seal-plan.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { handClock, hostOf, never, planOf, recordsOf } from "./build.ts";
import { holdOf, pipelineOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

const PLAN = planOf([...pipelineOf("app"), holdOf("app", "first", { needs: ["app.upload"] })]);
const UNITS = unitsOf(PLAN, syntheticHandlers());

describe("a stored plan", () => {
  it("tells where the journals of its scopes stood, with a lock and without", async () => {
    const store = memoryStore();
    await append(store, "app.backup", 3);
    const lock = await acquireLock({ store, host: hostOf(1), clock: handClock() }, "app", "other");
    const journal = await openJournal(contextOf(store), lock);
    await journal.append([{ event: "begin", step: "x" }]);
    await lock.release();
    await storePlan(recordsOf(store), PLAN, UNITS);
    expect(store.text(planKey(PLAN.plan))).toMatch(/^# journal app: 1\n# journal app\.backup: 3\n# /);
    expect(await readPlanStart(store, PLAN, never)).toEqual(
      new Map([
        ["app", 1],
        ["app.backup", 3],
      ]),
    );
  });

  it("is the plan still", async () => {
    const store = memoryStore();
    await append(store, "app", 2);
    const unsealed = { ...planOf([holdOf("app", "first")]), config: "0".repeat(64) };
    const plan = { ...unsealed, plan: planDigest(unsealed) };
    await storePlan(recordsOf(store), plan, unitsOf(plan, syntheticHandlers()));
    expect(parsePlan(store.text(planKey(plan.plan)) ?? "", "p.yaml")).toEqual(plan);
  });

  it("keeps the place of the first run that stored it", async () => {
    const store = memoryStore();
    await storePlan(recordsOf(store), PLAN, UNITS);
    await append(store, "app", 5);
    await storePlan(recordsOf(store), PLAN, UNITS);
    expect((await readPlanStart(store, PLAN, never))?.get("app")).toBe(0);
  });

  it("is recalled without reading what stood in a long journal before it", async () => {
    const store = memoryStore();
    await append(store, "app", 40);
    await storePlan(recordsOf(store), PLAN, UNITS);
    const read: string[] = [];
    const counted: MemoryStore = {
      ...store,
      read: (key, ...rest) => {
        read.push(key);
        return store.read(key, ...rest);
      },
    };
    const history = await recallPlan(recordsOf(counted), PLAN, unitsOf(PLAN, syntheticHandlers()), never);
    expect(history.attempts).toBe(0);
    expect(read.filter((key) => key.startsWith("_dbops/journal/")).length).toBeLessThan(12);
  });
});

async function append(store: MemoryStore, scope: string, entries: number): Promise<void> {
  const journal = await openJournal(contextOf(store), unlocked(scope));
  for (let number = 1; number <= entries; number += 1)
    await journal.append([{ event: "begin", step: `${number}` }]);
}

function contextOf(store: MemoryStore) {
  return { store, clock: handClock(), actor: "deploy", plan: "other", onTaken: "follow" } as const;
}
