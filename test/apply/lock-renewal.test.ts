import { describe, expect, it } from "vitest";
import { acquireLock, LEASE_MS } from "../../src/apply/lock.ts";
import { readLock } from "../../src/apply/lock-file.ts";
import { runPlan } from "../../src/apply/run-plan.ts";
import { verifyJournal } from "../../src/apply/verify-journal.ts";
import type { Step } from "../../src/model/step.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { memoryStore } from "../support/memory-store.ts";
import {
  EXPIRED_AT,
  entriesOf,
  handClock,
  hostOf,
  later,
  never,
  optionsOf,
  planOf,
  recordsOf,
  START_AT,
  settle,
} from "./build.ts";
import { holdOf, pipelineOf, verifyOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

describe("the renewal of a lock", () => {
  it("moves its time on the store's clock at every turn, so that it does not expire", async () => {
    const { store, lock, clock, at } = await heldLock();
    for (let turn = 1; turn <= 10; turn += 1) {
      at(15_000 * turn);
      await clock.wake();
      expect((await store.head("_dbops/locks/app.json", never))?.modifiedAt).toBe(later(15_000 * turn));
    }
    await lock.assertHeld();
    await expect(acquireLock({ store, host: hostOf(2), clock }, "app", "plan")).rejects.toThrow(/deploy-1/);
  });

  it("writes the journal's head as it goes", async () => {
    const { store, lock, clock } = await heldLock();
    lock.anchor({ n: 3, hash: "abc" });
    await clock.wake();
    expect((await readLock(store, "app", never))?.file).toMatchObject({ head: { n: 3 }, state: "held" });
  });

  it("goes on after a lost answer and after a turn without an answer", async () => {
    const { lock, clock, fault } = await heldLock();
    fault.next = "lost answer";
    await clock.wake();
    fault.next = "no answer";
    await clock.wake();
    await clock.wake();
    await lock.assertHeld();
    expect(lock.lost.aborted).toBe(false);
  });

  it("tells that the lock is lost when another took it over", async () => {
    const { store, lock, clock, at } = await heldLock();
    at(LEASE_MS + 1);
    await acquireLock({ store, host: hostOf(2), clock: handClock() }, "app", "plan");
    await clock.wake();
    expect(lock.lost.reason).toMatchObject({ problems: [{ code: "LOCK_LOST" }] });
    expect(clock.sleeping).toBe(0);
  });

  it("tells that the lock is lost when the store does not answer for a whole lease", async () => {
    const { lock, clock, fault } = await heldLock();
    fault.always = "no answer";
    await clock.wake();
    await clock.wake();
    expect(lock.lost.aborted).toBe(false);
    await clock.wake();
    expect(lock.lost.reason).toMatchObject({ problems: [{ code: "LOCK_LOST" }] });
  });

  it("ends with the release", async () => {
    const { lock, clock } = await heldLock();
    await lock.release();
    expect(clock.sleeping).toBe(0);
  });
});

describe("a lock that is lost", () => {
  it("aborts the work that it guards", async () => {
    const { run, takeOver, records } = interruptedWorld("app");
    const running = run([holdOf("app", "first"), holdOf("app", "second", { needs: ["app.hold.first"] })]);
    await takeOver();
    const applied = await running;
    expect(applied.outcome).toBe("failed");
    expect(applied.steps.map((one) => one.outcome)).toEqual(["failed", "skipped"]);
    expect(applied.steps[0]?.problems.map((one) => one.code)).toEqual(["LOCK_LOST"]);
    const mine = entriesOf(records, "app").filter((entry) => entry.actor === "deploy-1@host-1");
    expect(mine.flatMap((entry) => entry.events.map((one) => one.event))).toEqual(["plan", "begin"]);
  });

  it("does not let a destructive step begin, even before the renewal noticed", async () => {
    const { run, takeOver, records } = interruptedWorld("app", { noticing: false });
    const running = run([holdOf("app", "first"), holdOf("app", "second", { after: ["app.hold.first"] })]);
    await takeOver();
    const applied = await running;
    expect(applied.steps.map((one) => one.outcome)).toEqual(["failed", "failed"]);
    expect(entriesOf(records, "app").filter((entry) => entry.actor === "deploy-1@host-1")).toHaveLength(2);
  });

  it("stops no stream when it is only a lease, and its entries go behind those of another plan", async () => {
    const { run, takeOver, records } = interruptedWorld("app.backup");
    const running = run(pipelineOf("app"));
    await takeOver();
    expect((await running).outcome).toBe("applied");
    const actors = entriesOf(records, "app.backup").map((entry) => entry.actor);
    expect(new Set(actors)).toEqual(new Set(["deploy-1@host-1", "deploy-2@host-1"]));
    expect((await verifyJournal(records, "app.backup", never)).state).not.toBe("broken");
  });
});

describe("locks: none", () => {
  it("writes no lock and still chains the journal over two runs", async () => {
    const records = memoryStore();
    const stores = { primary: memoryStore(), dr: memoryStore() };
    const context = recordsOf(records, { locks: "none" });
    for (const name of ["first", "second"]) {
      const options = optionsOf(context, stores, { handlers: syntheticHandlers() });
      expect((await runPlan(planOf([holdOf("app", name)]), options)).outcome).toBe("applied");
    }
    expect(records.keys().filter((key) => key.startsWith("_dbops/locks/"))).toEqual([]);
    expect(await verifyJournal(records, "app", never)).toEqual({
      entries: 8,
      state: "consistent, not anchored",
      problem: null,
    });
  });
});

type Fault = "lost answer" | "no answer" | null;

async function heldLock() {
  let nowAt = START_AT;
  const store = memoryStore({ now: () => nowAt });
  const fault: { next: Fault; always: Fault } = { next: null, always: null };
  const faulty: ObjectStore = {
    ...store,
    replace: async (...all) => {
      const now = fault.always ?? fault.next;
      fault.next = null;
      if (now === "no answer") throw new Error("connection reset");
      const answer = await store.replace(...all);
      if (now === "lost answer") throw new Error("connection reset");
      return answer;
    },
  };
  const clock = handClock();
  const lock = await acquireLock({ store: faulty, host: hostOf(1), clock }, "app", "plan");
  await settle();
  const at = (ms: number) => {
    nowAt = later(ms);
  };
  return { store, lock, clock, fault, at };
}

/** A run whose first effect waits until another run has taken over its lock, and written to the journal. */
function interruptedWorld(scope: string, { noticing = true } = {}) {
  let nowAt = START_AT;
  const records = memoryStore({ now: () => nowAt });
  const stores = { primary: memoryStore(), dr: memoryStore() };
  const clock = handClock();
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const handlers = syntheticHandlers(async (_step, signal) => {
    begun.resolve();
    await gate.promise;
    signal.throwIfAborted();
  });
  const other = recordsOf(records, { host: hostOf(2) });
  const theirs = scope === "app" ? [holdOf("app", "theirs")] : [...pipelineOf("app"), verifyOf("app")];
  return {
    records,
    run: (steps: readonly Step[]) =>
      runPlan(planOf(steps), optionsOf(recordsOf(records, { clock }), stores, { handlers })),
    takeOver: async () => {
      await begun.promise;
      nowAt = EXPIRED_AT;
      const otherStores = { primary: memoryStore(), dr: memoryStore() };
      await runPlan(planOf(theirs), optionsOf(other, otherStores, { handlers: syntheticHandlers() }));
      if (noticing) await clock.wake();
      gate.resolve();
    },
  };
}
