import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { findHead, type JournalContext, openJournal, readBackwards } from "../../src/apply/journal.ts";
import { acquireLock, type Lock } from "../../src/apply/lock.ts";
import type { AuditEntry, AuditEvent } from "../../src/model/audit-entry.ts";
import { digestOf } from "../../src/model/canonical.ts";
import { journalKey } from "../../src/model/layout.ts";
import { Secret } from "../../src/model/secret.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { entriesOf, eventsOf, handClock, hostOf, never, START_AT } from "./build.ts";

describe("a journal", () => {
  it("numbers its entries from 1 without gaps and chains each to the one before", async () => {
    const { store, journal } = await opened();
    for (const name of ["a", "b", "c"]) await journal.append([begin(name)]);
    const entries = entriesOf(store, "app");
    expect(entries.map((entry) => entry.number)).toEqual([1, 2, 3]);
    expect(entries.map((entry) => entry.previous)).toEqual([
      null,
      digestOf(entries[0]),
      digestOf(entries[1]),
    ]);
    expect(entries[2]).toEqual({
      formatVersion: 1,
      scope: "app",
      number: 3,
      epoch: 1,
      at: START_AT,
      plan: "plan",
      actor: "deploy-1@host-1",
      events: [begin("c")],
      previous: digestOf(entries[1]),
    });
  });

  it("goes on behind the last entry of an earlier run, with the lock's epoch", async () => {
    const { store, journal, lock } = await opened();
    await journal.append([begin("a")]);
    await lock.release();
    const second = await opened(store);
    await second.journal.append([begin("b")]);
    expect(entriesOf(store, "app").map((entry) => [entry.number, entry.epoch])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it("writes events that fall due while an entry is being written into one entry", async () => {
    const { store, journal } = await opened();
    await Promise.all(["a", "b", "c", "d"].map((name) => journal.append([begin(name)])));
    await journal.append([begin("e")]);
    expect(entriesOf(store, "app").map((entry) => entry.events.length)).toEqual([4, 1]);
    expect(eventsOf(store, "app")).toEqual(["a", "b", "c", "d", "e"].map(begin));
  });

  it("resolves each append only when its own events are safe", async () => {
    const { store, journal } = await opened();
    const appends = ["a", "b"].map(async (name) => {
      await journal.append([begin(name)]);
      expect(eventsOf(store, "app")).toContainEqual(begin(name));
    });
    await Promise.all(appends);
  });

  it("goes on when the answer to a write is lost but the entry is there", async () => {
    const store = memoryStore();
    const { journal } = await opened(losing(store, { performed: true }));
    await journal.append([begin("a")]);
    await journal.append([begin("b")]);
    expect(entriesOf(store, "app").map((entry) => entry.number)).toEqual([1, 2]);
  });

  it("goes on when a repeated write finds its own entry", async () => {
    const store = memoryStore();
    const repeating: ObjectStore = {
      ...store,
      write: async (key, body, options, signal) => {
        await store.write(key, body, options, signal);
        return "exists"; // as a client answers that sent the same request again
      },
    };
    const { journal } = await opened(repeating);
    await journal.append([begin("a")]);
    await journal.append([begin("b")]);
    expect(entriesOf(store, "app").map((entry) => entry.number)).toEqual([1, 2]);
  });

  it("fails for good when a write did not arrive: nothing is written behind what is not safe", async () => {
    const store = memoryStore();
    const { journal } = await opened(losing(store, { performed: false }));
    await expect(journal.append([begin("a")])).rejects.toThrow("connection reset");
    await expect(journal.append([begin("b")])).rejects.toThrow("connection reset");
    expect(entriesOf(store, "app")).toEqual([]);
  });

  it("stops at a number that another run has taken, and names it", async () => {
    const { store, journal } = await opened();
    await journal.append([begin("a")]);
    await intrude(store, 2);
    await expect(journal.append([begin("b")])).rejects.toMatchObject({
      problems: [
        { code: "JOURNAL_TAKEN", detail: expect.stringMatching(/0000000002\.json was written by somebody/) },
      ],
    });
    expect(entriesOf(store, "app")).toHaveLength(2);
  });

  it("goes behind taken numbers where the scope is only a lease", async () => {
    const { store, journal } = await opened(undefined, { onTaken: "follow" });
    await journal.append([begin("a")]);
    await intrude(store, 2);
    await intrude(store, 3);
    await journal.append([begin("b")]);
    const entries = entriesOf(store, "app");
    expect(entries.map((entry) => entry.actor)).toEqual([
      "deploy-1@host-1",
      "somebody",
      "somebody",
      "deploy-1@host-1",
    ]);
    expect(entries[3]?.previous).toBe(digestOf(entries[2]));
  });

  it("holds no secret, wherever in the facts it stands", async () => {
    const { store, journal, lock } = await opened();
    const facts = { deep: [{ key: new Secret("hunter2") }], plain: "x" };
    await journal.append([{ event: "end", step: "a", facts }]);
    await journal.append([begin("b")]);
    await lock.release();
    const texts = store.keys().map((key) => store.text(key) ?? "");
    expect(texts.join("\n")).not.toContain("hunter2");
    expect(eventsOf(store, "app")[0]).toMatchObject({ facts: { deep: [{ key: "[secret]" }], plain: "x" } });
    const [first, second] = entriesOf(store, "app");
    expect(second?.previous).toBe(digestOf(first));
  });
});

describe("findHead", () => {
  it("is null for a scope without entries", async () => {
    expect(await findHead(memoryStore(), "app", null, never)).toBeNull();
  });

  it("finds the last of 2,000 entries and reads only that one", async () => {
    const counted = counting(await filled(2_000));
    const last = entriesOf(counted.store, "app").at(-1);
    const head = await findHead(counted.store, "app", null, never);
    expect(head).toEqual({ n: 2_000, hash: digestOf(last) });
    expect(counted.reads()).toBe(1);
  });

  it("lists only what stands behind the lock's head", async () => {
    const store = await filled(20);
    const entries = entriesOf(store, "app");
    const head = (n: number) => ({ n, hash: digestOf(entries[n - 1]) });
    const counted = counting(store);
    expect(await findHead(counted.store, "app", head(17), never)).toEqual(head(20));
    expect(counted.listed()).toBe(3);
    expect(await findHead(counted.store, "app", head(20), never)).toEqual(head(20));
    expect(counted.reads()).toBe(1);
  });

  it("is behind every number that is there, also where one is missing: none is given twice", async () => {
    const store = await filled(9);
    store.drop(journalKey("app", 4));
    expect((await findHead(store, "app", null, never))?.n).toBe(9);
    store.drop(journalKey("app", 9));
    expect((await findHead(store, "app", { n: 9, hash: "known" }, never))?.n).toBe(9);
  });

  it("does not take another object for an entry", async () => {
    const store = await filled(2);
    store.put("_dbops/journal/app/0000000003.json.bak", "{}");
    store.put("_dbops/journal/app/9.json", "{}");
    expect((await findHead(store, "app", null, never))?.n).toBe(2);
  });

  it("throws for a listing that breaks off", async () => {
    const store = await filled(3);
    const broken: ObjectStore = {
      ...store,
      list: async function* (prefix, options, signal) {
        for await (const info of store.list(prefix, options, signal)) {
          yield info;
          throw new Error("connection reset");
        }
      },
    };
    await expect(findHead(broken, "app", null, never)).rejects.toThrow("connection reset");
  });
});

describe("readBackwards", () => {
  it("gives every entry once, the newest first", async () => {
    const store = await filled(21);
    const numbers: number[] = [];
    const head = await findHead(store, "app", null, never);
    for await (const entry of readBackwards(store, "app", head, never)) numbers.push(entry.number);
    expect(numbers).toEqual(Array.from({ length: 21 }, (_, index) => 21 - index));
  });

  it("names an entry that is missing or is none", async () => {
    const store = await filled(5);
    const head = await findHead(store, "app", null, never);
    const all = async () => {
      for await (const entry of readBackwards(store, "app", head, never)) expect(entry).toBeDefined();
    };
    for (const text of ["{", "null", '{"formatVersion":1}', store.text(journalKey("app", 2)) ?? ""]) {
      store.put(journalKey("app", 3), text);
      await expect(all()).rejects.toMatchObject({
        problems: [{ code: "JOURNAL_BROKEN", detail: expect.stringMatching(/0000000003\.json is no entry/) }],
      });
    }
    store.drop(journalKey("app", 3));
    await expect(all()).rejects.toMatchObject({
      problems: [{ code: "JOURNAL_BROKEN", detail: expect.stringMatching(/0000000003\.json is missing/) }],
    });
  });
});

function begin(step: string): AuditEvent {
  return { event: "begin", step };
}

async function opened(store: ObjectStore = memoryStore(), more: Partial<JournalContext> = {}) {
  const clock = handClock();
  const lock: Lock = await acquireLock({ store, host: hostOf(1), clock }, "app", "plan");
  const context = { store, clock, actor: "deploy-1@host-1", plan: "plan", onTaken: "stop", ...more } as const;
  // What was not given is a memory store, and what was given stands for one.
  return { store: store as MemoryStore, journal: await openJournal(context, lock), lock };
}

/** A store with so many entries. */
async function filled(count: number): Promise<MemoryStore> {
  const { store, journal } = await opened();
  for (let number = 1; number <= count; number += 1) await journal.append([begin(`step-${number}`)]);
  return store;
}

/** Another run writes the next entry. */
async function intrude(store: MemoryStore, number: number): Promise<void> {
  const before = entriesOf(store, "app").at(-1);
  const entry: AuditEntry = {
    formatVersion: 1,
    scope: "app",
    number,
    epoch: 2,
    at: START_AT,
    plan: "another",
    actor: "somebody",
    events: [begin("theirs")],
    previous: digestOf(before),
  };
  await store.write(journalKey("app", number), Readable.from([JSON.stringify(entry)]), {}, never);
}

/** The first write of an entry loses its answer. */
function losing(store: MemoryStore, { performed }: { readonly performed: boolean }): ObjectStore {
  let lost = false;
  return {
    ...store,
    write: async (key, body, options, signal) => {
      if (lost) return store.write(key, body, options, signal);
      lost = true;
      if (performed) await store.write(key, body, options, signal);
      throw new Error("connection reset");
    },
  };
}

function counting(store: MemoryStore) {
  let reads = 0;
  let listed = 0;
  const counted: MemoryStore = {
    ...store,
    read: (...all) => {
      reads += 1;
      return store.read(...all);
    },
    list: async function* (...all) {
      for await (const info of store.list(...all)) {
        listed += 1;
        yield info;
      }
    },
  };
  return { store: counted, reads: () => reads, listed: () => listed };
}
