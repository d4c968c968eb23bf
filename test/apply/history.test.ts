import { describe, expect, it } from "vitest";
import { History, recall } from "../../src/apply/history.ts";
import { findHead, openJournal } from "../../src/apply/journal.ts";
import { unlocked } from "../../src/apply/lock.ts";
import type { AuditEvent } from "../../src/model/audit-entry.ts";
import type { MemoryStore } from "../support/memory-store.ts";
import { memoryStore } from "../support/memory-store.ts";
import { handClock, later, never, START_AT } from "./build.ts";

describe("what the journal says about a plan", () => {
  it("is the sum of all attempts, the later facts over the earlier", async () => {
    const store = memoryStore();
    await write(store, [
      { event: "plan", environment: "production", operation: "converge", attempt: 1 },
      { event: "noted", step: "a", facts: { bound: "first", sealed: "yes" } },
      { event: "end", step: "b", facts: { bytes: 7 } },
    ]);
    await write(store, [
      { event: "plan", environment: "production", operation: "converge", attempt: 2 },
      { event: "noted", step: "a", facts: { bound: "second", sealed: null } },
    ]);
    const history = await recalled(store);
    expect(history.facts("a")).toEqual({ bound: "second", sealed: null });
    expect([history.hasEnded("a"), history.hasEnded("b"), history.hasEnded("c")]).toEqual([
      false,
      true,
      false,
    ]);
    expect(history.facts("c")).toBeNull();
    expect([history.attempts, history.attemptsIn("app"), history.attemptsIn("other")]).toEqual([2, 2, 0]);
    expect(history.isApplied("app")).toBe(false);
  });

  it("does not take in what another plan says", async () => {
    const store = memoryStore();
    await write(store, [{ event: "end", step: "a", facts: {} }, { event: "applied" }], { plan: "another" });
    const history = await recalled(store);
    expect([history.hasEnded("a"), history.isApplied("app"), history.attempts]).toEqual([false, false, 0]);
  });

  it("is read past entries of other hosts, whatever their clocks say", async () => {
    const store = memoryStore();
    await write(store, [{ event: "end", step: "a", facts: {} }]);
    await write(store, [{ event: "end", step: "b", facts: {} }], { plan: "another", at: later(-7_200_000) });
    const history = await recalled(store);
    expect(history.hasEnded("a")).toBe(true);
  });

  it("is read back to where the journal stood when the plan was stored, and no further", async () => {
    const store = memoryStore();
    for (let number = 1; number <= 40; number += 1)
      await write(store, [{ event: "end", step: "other", facts: {} }], { plan: "another" });
    await write(store, [{ event: "end", step: "a", facts: {} }]);
    const read: string[] = [];
    const counted: MemoryStore = {
      ...store,
      read: (key, ...rest) => {
        read.push(key);
        return store.read(key, ...rest);
      },
    };
    const history = await recalled(counted, 40);
    expect(history.hasEnded("a")).toBe(true);
    expect(read.length).toBeLessThan(12);
  });
});

async function write(
  store: MemoryStore,
  events: readonly AuditEvent[],
  { plan = "plan", at = START_AT } = {},
): Promise<void> {
  const context = { store, clock: handClock(at), actor: "deploy", plan, onTaken: "stop" } as const;
  const journal = await openJournal(context, unlocked("app"));
  await journal.append(events);
}

async function recalled(store: MemoryStore, after = 0): Promise<History> {
  const history = new History();
  const head = await findHead(store, "app", null, never);
  await recall(history, { store, scope: "app", head }, { plan: "plan", after }, never);
  return history;
}
