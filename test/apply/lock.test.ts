import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openFileStore } from "../../src/adapters/file-store/file-store.ts";
import { acquireLock, LEASE_MS } from "../../src/apply/lock.ts";
import { type LockFile, readLock } from "../../src/apply/lock-file.ts";
import type { Host, ProcessIdentity } from "../../src/ports/host.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { DbopsError } from "../../src/problems/dbops-error.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { EXPIRED_AT, handClock, hostOf, later, never, processOf, START_AT } from "./build.ts";

describe("acquireLock", () => {
  it("lets one of 16 racing processes win and names it to all others", async () => {
    const store = memoryStore();
    const all = await Promise.allSettled(
      Array.from({ length: 16 }, (_, index) => acquire(store, hostOf(index + 1), `plan-${index + 1}`)),
    );
    const winners = all.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(winners).toHaveLength(1);
    const file = await lockFile(store);
    expect(file.epoch).toBe(1);
    for (const one of all)
      if (one.status === "rejected")
        expect(one.reason).toMatchObject({
          problems: [
            {
              code: "LOCKED",
              detail: expect.stringMatching(new RegExp(`${file.holder?.actor}.*${file.plan}`)),
            },
          ],
        });
  });

  it("lets one of 16 racing processes win in a folder as well, and again after it died", async () => {
    const root = mkdtempSync(join(tmpdir(), "dbops-lock-"));
    onTestFinished(() => rmSync(root, { recursive: true }));
    const racers = Array.from({ length: 16 }, (_, index) => index + 1);
    const race = (hosts: readonly Host[]) =>
      Promise.allSettled(hosts.map((host) => acquire(openFileStore(root), host)));
    const won = (all: Awaited<ReturnType<typeof race>>) =>
      all.flatMap((one) => (one.status === "fulfilled" ? [one.value.epoch] : []));
    expect(won(await race(racers.map((pid) => hostOf(pid))))).toEqual([1]);
    expect(won(await race(racers.map((pid) => hostOf(pid + 16, racers))))).toEqual([2]);
  });

  it("lets one of 16 racing processes win after each release, with a growing epoch", async () => {
    const store = memoryStore();
    for (let round = 1; round <= 5; round += 1) {
      const hosts = Array.from({ length: 16 }, (_, index) => hostOf(index + 1));
      const all = await Promise.allSettled(hosts.map((host) => acquire(store, host)));
      const winners = all.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      expect(winners.map((one) => one.epoch)).toEqual([round]);
      await winners[0]?.release();
    }
  });

  it("names holder, process, host, time and plan when it is refused", async () => {
    const store = memoryStore();
    await acquire(store, hostOf(4711), "1f3c5a".repeat(10));
    const detail = `app is held by deploy-4711@host-1, process 4711 on host-1, since ${START_AT}, plan 1f3c5a1f3c5a`;
    await expect(acquire(store, hostOf(2))).rejects.toMatchObject({
      problems: [{ code: "LOCKED", detail }],
    });
  });

  it("waits a whole lease on the store's own clock, whatever the hosts' clocks say", async () => {
    let nowAt = START_AT;
    const store = memoryStore({ now: () => nowAt });
    await acquire(store, hostOf(1));
    const late = { store, host: hostOf(2), clock: handClock("2036-01-01T00:00:00.000Z") };
    nowAt = later(LEASE_MS);
    await expect(acquireLock(late, "app", "plan")).rejects.toThrow(/deploy-1@host-1/);
    nowAt = EXPIRED_AT;
    const early = { store, host: hostOf(3), clock: handClock("2016-01-01T00:00:00.000Z") };
    expect((await acquireLock(early, "app", "plan")).epoch).toBe(2);
  });

  it("lets one of 16 racing processes take over an expired lock", async () => {
    let nowAt = START_AT;
    const store = memoryStore({ now: () => nowAt });
    await acquire(store, hostOf(1));
    nowAt = EXPIRED_AT;
    const all = await Promise.allSettled(
      Array.from({ length: 16 }, (_, index) => acquire(store, hostOf(index + 2))),
    );
    expect(all.filter((one) => one.status === "fulfilled")).toHaveLength(1);
    expect((await lockFile(store)).epoch).toBe(2);
  });

  it("takes over at once from a process of this host and boot that is gone", async () => {
    const store = memoryStore();
    await acquire(store, hostOf(1));
    expect((await acquire(store, hostOf(2, [1]))).epoch).toBe(2);
  });

  it("asks about the very process: a pid that was used again is another start time", async () => {
    const store = memoryStore();
    await acquire(store, { ...hostOf(4711), process: processOf(4711, { started: "100" }) });
    const running = processOf(4711, { started: "900" });
    const lock = await acquire(store, observer(running));
    expect(lock.epoch).toBe(2);
  });

  it.each([
    { what: "another boot", of: { boot: "boot-2" } },
    { what: "another host", of: { host: "host-2" } },
  ])("does not take over at once from a process of $what", async ({ of }) => {
    const store = memoryStore();
    await acquire(store, { ...hostOf(1), process: processOf(1, of) });
    await expect(acquire(store, observer(null))).rejects.toMatchObject({ problems: [{ code: "LOCKED" }] });
  });

  it("does not collide with itself when the answer to its own write is lost", async () => {
    const store = memoryStore();
    const lock = await acquire(losingAnswers(store, 1), hostOf(1));
    await lock.assertHeld();
    expect((await lockFile(store)).epoch).toBe(1);
  });

  it("throws what the store threw when its write did not arrive", async () => {
    const store = memoryStore();
    const broken: ObjectStore = { ...store, replace: () => Promise.reject(new Error("connection reset")) };
    await expect(acquire(broken, hostOf(1))).rejects.toThrow("connection reset");
    expect(store.keys()).toEqual([]);
  });

  it("does not touch a lock that it does not understand", async () => {
    const store = memoryStore();
    store.put("_dbops/locks/app.json", '{"formatVersion":2,"state":"free"}');
    await expect(acquire(store, hostOf(1))).rejects.toThrow(/no lock that this version/);
    expect(store.text("_dbops/locks/app.json")).toBe('{"formatVersion":2,"state":"free"}');
  });
});

describe("what holds a lock", () => {
  it("hears LOCK_LOST from assertHeld after another took it over", async () => {
    let nowAt = START_AT;
    const store = memoryStore({ now: () => nowAt });
    const first = await acquire(store, hostOf(1));
    await first.assertHeld();
    nowAt = EXPIRED_AT;
    await acquire(store, hostOf(2));
    await expect(first.assertHeld()).rejects.toMatchObject({ problems: [{ code: "LOCK_LOST" }] });
    expect(first.lost.aborted).toBe(true);
    expect(first.lost.reason).toBeInstanceOf(DbopsError);
  });

  it("cannot free a lock that another took over", async () => {
    let nowAt = START_AT;
    const store = memoryStore({ now: () => nowAt });
    const first = await acquire(store, hostOf(1));
    nowAt = EXPIRED_AT;
    await acquire(store, hostOf(2));
    await first.release();
    expect(await lockFile(store)).toMatchObject({ state: "held", holder: { actor: "deploy-2@host-1" } });
  });

  it("writes the journal's head and the state free when it releases", async () => {
    const store = memoryStore();
    const lock = await acquire(store, hostOf(1));
    lock.anchor({ n: 7, hash: "abc" });
    await lock.release();
    const free = { state: "free", holder: null, plan: null, epoch: 1, head: { n: 7, hash: "abc" } };
    expect(await lockFile(store)).toMatchObject(free);
    expect((await acquire(store, hostOf(2))).head).toEqual({ n: 7, hash: "abc" });
  });

  it("does not throw when it cannot be released", async () => {
    const store = memoryStore();
    let down = false;
    const failing: ObjectStore = {
      ...store,
      replace: (...all) => (down ? Promise.reject(new Error("gone")) : store.replace(...all)),
    };
    const lock = await acquire(failing, hostOf(1));
    down = true;
    await lock.release();
    expect((await lockFile(store)).state).toBe("held");
  });
});

function acquire(store: ObjectStore, host: Host, plan = "plan") {
  return acquireLock({ store, host, clock: handClock() }, "app", plan);
}

async function lockFile(store: ObjectStore): Promise<LockFile> {
  const lock = await readLock(store, "app", never);
  if (lock === null) throw new Error("there is no lock");
  return lock.file;
}

/** A host as the real one answers: it knows of its own boot that only `running` runs. */
function observer(running: ProcessIdentity | null): Host {
  const host = hostOf(2);
  const { host: name, boot } = host.process;
  return {
    ...host,
    mayBeAlive: (other) =>
      other.host !== name ||
      other.boot !== boot ||
      (running !== null && other.pid === running.pid && other.started === running.started),
  };
}

/** Performs so many replaces and then pretends that the connection broke. */
function losingAnswers(store: MemoryStore, times: number): ObjectStore {
  let left = times;
  return {
    ...store,
    replace: async (...all) => {
      const answer = await store.replace(...all);
      if (left-- > 0) throw new Error("connection reset");
      return answer;
    },
  };
}
