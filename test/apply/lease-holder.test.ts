import { expect, it } from "vitest";
import { leaseHolder } from "../../src/apply/lease-holder.ts";
import { acquireLock, LEASE_MS } from "../../src/apply/lock.ts";
import { Sessions } from "../../src/apply/sessions.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { handClock, hostOf, later, never, planOf, recordsOf, START_AT } from "./build.ts";

const WAITING = { signal: never, onWait: () => undefined };
const LEASE = { scope: "app.backup", guard: "lease" } as const;

it("names whoever holds the backup lease of a database, until it has expired or was given up", async () => {
  let now = START_AT;
  const store = memoryStore({ now: () => now });
  expect(await leaseHolder(store, "app")).toBeNull();
  const lock = await heldBy(store, 2);
  expect(await leaseHolder(store, "app")).toMatch(/^deploy-2@host-1, process 2/);
  expect(await leaseHolder(store, "other")).toBeNull();
  now = later(LEASE_MS + 1);
  expect(await leaseHolder(store, "app")).toBeNull();
  now = START_AT;
  await lock.release();
  expect(await leaseHolder(store, "app")).toBeNull();
});

it("does not name the run itself: what it found abandoned is not its own", async () => {
  const store = memoryStore({ now: () => START_AT });
  const mine = new Sessions(recordsOf(store), planOf([]), WAITING);
  await mine.open(LEASE);
  expect(await mine.leaseHolder("app")).toBeNull();
  const other = new Sessions(recordsOf(store, { host: hostOf(2) }), planOf([]), WAITING);
  expect(await other.leaseHolder("app")).toMatch(/^deploy-1@host-1/);
  await expect(other.open(LEASE)).rejects.toThrow(/app.backup is held/);
  expect(await other.leaseHolder("app")).toMatch(/^deploy-1@host-1/);
  await mine.close("app.backup", []);
  expect(await other.leaseHolder("app")).toBeNull();
});

it("tells the lease of a restore from that of a backup", async () => {
  const store = memoryStore({ now: () => START_AT });
  const mine = new Sessions(recordsOf(store), planOf([]), WAITING);
  await mine.open({ scope: "app.restore", guard: "restore" });
  expect(await mine.leaseHolder("app", "restore")).toBeNull();
  expect(await leaseHolder(store, "app")).toBeNull();
  expect(await leaseHolder(store, "app", "restore")).toMatch(/^deploy-1@host-1/);
  await mine.close("app.restore", []);
  expect(await leaseHolder(store, "app", "restore")).toBeNull();
});

function heldBy(store: MemoryStore, pid: number) {
  return acquireLock({ store, host: hostOf(pid), clock: handClock() }, "app.backup", "plan");
}
