import { describe, expect, it } from "vitest";
import { openJournal } from "../../src/apply/journal.ts";
import { acquireLock } from "../../src/apply/lock.ts";
import { verifyJournal } from "../../src/apply/verify-journal.ts";
import type { AuditEntry } from "../../src/model/audit-entry.ts";
import { digestOf } from "../../src/model/canonical.ts";
import { journalKey } from "../../src/model/layout.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { entriesOf, handClock, hostOf, never } from "./build.ts";

const LOCK = "_dbops/locks/app.json";
const ALL = Array.from({ length: 20 }, (_, index) => index + 1);

describe("verifyJournal", () => {
  it("is anchored when the lock names the last entry", async () => {
    const expected = { entries: 20, state: "consistent, anchored", problem: null };
    expect(await verify(await journalOf(20))).toEqual(expected);
  });

  it("is not anchored when entries stand behind the lock's head, as after a crash", async () => {
    const store = await journalOf(20);
    setHead(store, 17, entriesOf(store, "app")[16]);
    const expected = { entries: 20, state: "consistent, not anchored", problem: null };
    expect(await verify(store)).toEqual(expected);
  });

  it("is not anchored without a lock, or with one that nobody understands", async () => {
    const store = await journalOf(3);
    store.put(LOCK, "{}");
    expect((await verify(store)).state).toBe("consistent, not anchored");
    store.drop(LOCK);
    expect((await verify(store)).state).toBe("consistent, not anchored");
  });

  it("proves nothing about an empty scope", async () => {
    expect(await verify(memoryStore())).toEqual({
      entries: 0,
      state: "consistent, not anchored",
      problem: null,
    });
  });

  it.each(ALL)("names entry %i when it was changed", async (number) => {
    const store = await journalOf(20);
    edit(store, number, (entry) => ({ ...entry, actor: "somebody else" }));
    const { state, problem } = await verify(store);
    expect(state).toBe("broken");
    // A change shows where the next entry does not follow from it, or at the lock.
    expect(problem?.detail).toContain(journalKey("app", Math.min(number + 1, 20)));
  });

  it.each(ALL)("names entry %i when it was removed", async (number) => {
    const store = await journalOf(20);
    store.drop(journalKey("app", number));
    const { state, problem } = await verify(store);
    expect(state).toBe("broken");
    expect(problem?.detail).toMatch(new RegExp(`^${journalKey("app", number)} is missing`));
  });

  it("finds entries missing at the end as far as the lock knows of them", async () => {
    const store = await journalOf(20);
    for (const number of [18, 19, 20]) store.drop(journalKey("app", number));
    expect((await verify(store)).problem?.detail).toContain(journalKey("app", 20));
    store.drop(LOCK);
    expect((await verify(store)).state).toBe("consistent, not anchored");
  });

  it("finds an entry that was inserted, the later ones moved", async () => {
    const store = await journalOf(20);
    for (let number = 20; number >= 8; number -= 1) {
      const moved = entriesOf(store, "app")[number - 1];
      store.put(journalKey("app", number + 1), JSON.stringify({ ...moved, number: number + 1 }));
    }
    edit(store, 8, (entry) => ({ ...entry, number: 8, events: [], previous: digestOf(entryOf(store, 7)) }));
    const { state, problem } = await verify(store);
    expect(state).toBe("broken");
    expect(problem).toMatchObject({ code: "JOURNAL_BROKEN", severity: "error" });
    expect(problem?.detail).toContain(journalKey("app", 9));
  });

  it("finds a whole journal that was written anew, by the lock", async () => {
    const store = await journalOf(20);
    let previous: string | null = null;
    for (const entry of entriesOf(store, "app")) {
      const forged = { ...entry, actor: "somebody else", previous };
      store.put(journalKey("app", entry.number), JSON.stringify(forged));
      previous = digestOf(forged);
    }
    const { state, problem } = await verify(store);
    expect(state).toBe("broken");
    expect(problem?.detail).toContain(`${journalKey("app", 20)} is not the entry that the lock`);
  });

  it.each([
    ["another scope's entry", (entry: AuditEntry) => ({ ...entry, scope: "other" })],
    ["another number", (entry: AuditEntry) => ({ ...entry, number: 9 })],
    ["a later format", (entry: AuditEntry) => ({ ...entry, formatVersion: 2 })],
    ["something else", () => "text"],
  ])("does not accept %s in the place of an entry", async (_what, change) => {
    const store = await journalOf(5);
    edit(store, 3, change);
    expect((await verify(store)).problem?.detail).toContain(`${journalKey("app", 3)} is no entry`);
  });

  it("names an object that is no entry", async () => {
    const store = await journalOf(3);
    store.put("_dbops/journal/app/0000000002.json.orig", "");
    expect((await verify(store)).problem?.detail).toContain("0000000002.json.orig is no entry");
  });

  it("does not call a journal broken that it could not read", async () => {
    const store = await journalOf(3);
    const unreadable: ObjectStore = {
      ...store,
      read: (key, ...rest) =>
        key.endsWith("3.json") ? Promise.reject(new Error("timed out")) : store.read(key, ...rest),
    };
    await expect(verifyJournal(unreadable, "app", never)).rejects.toThrow("timed out");
  });
});

function verify(store: ObjectStore) {
  return verifyJournal(store, "app", never);
}

/** A journal of so many entries, whose lock was released. */
async function journalOf(count: number): Promise<MemoryStore> {
  const store = memoryStore();
  const context = { store, host: hostOf(1), clock: handClock() };
  const lock = await acquireLock(context, "app", "plan");
  const journal = await openJournal({ ...context, actor: "deploy", plan: "plan", onTaken: "stop" }, lock);
  for (let number = 1; number <= count; number += 1)
    await journal.append([{ event: "begin", step: `step-${number}` }]);
  await lock.release();
  return store;
}

function entryOf(store: MemoryStore, number: number): AuditEntry {
  const entry = entriesOf(store, "app")[number - 1];
  if (entry === undefined) throw new Error(`there is no entry ${number}`);
  return entry;
}

function edit(store: MemoryStore, number: number, change: (entry: AuditEntry) => unknown): void {
  store.put(journalKey("app", number), JSON.stringify(change(entryOf(store, number))));
}

function setHead(store: MemoryStore, n: number, entry: AuditEntry | undefined): void {
  const lock: unknown = JSON.parse(store.text(LOCK) ?? "");
  store.put(LOCK, JSON.stringify({ ...Object(lock), head: { n, hash: digestOf(entry) } }));
}
