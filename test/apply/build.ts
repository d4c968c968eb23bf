import { LEASE_MS } from "../../src/apply/lock.ts";
import type { RunOptions } from "../../src/apply/run-plan.ts";
import type { Records } from "../../src/apply/sessions.ts";
import type { AuditEntry, AuditEvent } from "../../src/model/audit-entry.ts";
import { digestOf } from "../../src/model/canonical.ts";
import type { Environment } from "../../src/model/environment.ts";
import { type Instant, instantOf } from "../../src/model/instant.ts";
import { journalPrefix } from "../../src/model/layout.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Step } from "../../src/model/step.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Host, ProcessIdentity } from "../../src/ports/host.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { fail } from "../../src/problems/dbops-error.ts";
import type { Ports } from "../../src/steps/handler.ts";
import type { MemoryStore } from "../support/memory-store.ts";

export const START_AT = "2026-11-24T01:00:00.000Z";
export const never: AbortSignal = new AbortController().signal;

/** A clock that only moves when the test says so. */
export interface HandClock extends Clock {
  advance(ms: number): void;
  /** Ends every sleep that is under way and lets what waits for it run. */
  wake(): Promise<void>;
  /** How many sleeps are under way. */
  readonly sleeping: number;
}

export function handClock(startAt: Instant = START_AT): HandClock {
  let nowMs = Date.parse(startAt);
  const sleepers = new Set<() => void>();
  return {
    now: () => instantOf(nowMs),
    advance: (ms) => {
      nowMs += ms;
    },
    sleep: (_ms, signal) =>
      new Promise((resolve, reject) => {
        const end = () => {
          sleepers.delete(end);
          resolve();
        };
        sleepers.add(end);
        const stop = () => {
          sleepers.delete(end);
          reject(signal.reason);
        };
        if (signal.aborted) stop();
        else signal.addEventListener("abort", stop, { once: true });
      }),
    wake: async () => {
      for (const end of [...sleepers]) end();
      await settle();
    },
    get sleeping() {
      return sleepers.size;
    },
  };
}

/** Lets everything run that waits for nothing but other promises. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function processOf(pid: number, more: Partial<ProcessIdentity> = {}): ProcessIdentity {
  return { host: "host-1", boot: "boot-1", pid, started: `${pid}00`, ...more };
}

/** A process on host-1; `dead` are the pids that it knows to be gone. */
export function hostOf(pid: number, dead: readonly number[] = []): Host {
  return {
    actor: `deploy-${pid}@host-1`,
    process: processOf(pid),
    mayBeAlive: (other) => !dead.includes(other.pid),
  };
}

export function recordsOf(store: ObjectStore, more: Partial<Records> = {}): Records {
  return { store, host: hostOf(1), clock: handClock(), locks: "conditional", ...more };
}

export function planOf(steps: readonly Step[]): Plan {
  const rest = {
    version: 1 as const,
    environment: "production",
    operation: "converge" as const,
    createdAt: START_AT,
    expiresAt: "2026-11-25T01:00:00.000Z",
    config: "c0ffee",
    targets: { stores: {}, databases: {} },
    summary: { add: 0, change: 0, destroy: 0 },
    steps,
  };
  return { ...rest, plan: digestOf(rest) };
}

export function environmentOf(more: Partial<Environment> = {}): Environment {
  return {
    name: "production",
    file: "environments/production.yaml",
    baseFolder: "/project",
    protected: false,
    automatic: ["backup", "copy"],
    records: "primary",
    locks: "conditional",
    stores: [
      { kind: "file", name: "dr", path: "/dr" },
      { kind: "file", name: "primary", path: "/primary" },
    ],
    identities: [],
    databases: [],
    ...more,
  };
}

/** Ports with nothing behind them but stores. */
export function portsOf(stores: Readonly<Record<string, ObjectStore>>, clock: Clock = handClock()): Ports {
  const absent = (what: string) => (): never => fail("INTERNAL", `this test has no ${what}`);
  return {
    environment: environmentOf(),
    store: (name) => stores[name] ?? fail("STORE_UNREADABLE", `no store ${name}`),
    postgres: absent("database"),
    cipher: { encrypt: absent("cipher"), decrypt: absent("cipher") },
    classicCipher: { encrypt: absent("cipher"), decrypt: absent("cipher") },
    archiveLister: { countEntries: absent("archive") },
    archiveReader: { entriesOf: absent("archive") },
    restoreTarget: absent("target"),
    http: { pauseMs: 0, status: absent("network") },
    elsewhere: absent("other environment"),
    clock,
    passphrase: absent("passphrase"),
    classicPassphrase: absent("passphrase"),
    openingKeys: absent("identity"),
  };
}

export function optionsOf(
  records: Records,
  stores: Readonly<Record<string, ObjectStore>>,
  more: Partial<RunOptions> & Pick<RunOptions, "handlers">,
): RunOptions {
  return {
    ports: portsOf(stores, records.clock),
    records,
    parallelism: 4,
    whenLocked: "refuse",
    signal: never,
    onEvent: () => undefined,
    ...more,
  };
}

/** All entries of a scope as they stand in the store, in order. */
export function entriesOf(store: MemoryStore, scope: string): readonly AuditEntry[] {
  return store
    .keys()
    .filter((key) => key.startsWith(journalPrefix(scope)))
    .map((key) => JSON.parse(store.text(key) ?? "") as AuditEntry);
}

export function eventsOf(store: MemoryStore, scope: string): readonly AuditEvent[] {
  return entriesOf(store, scope).flatMap((entry) => entry.events);
}

/** The instant so long after START_AT. */
export function later(ms: number): Instant {
  return instantOf(Date.parse(START_AT) + ms);
}

/** The first moment at which a lock that was written at START_AT has expired. */
export const EXPIRED_AT = later(LEASE_MS + 1);
