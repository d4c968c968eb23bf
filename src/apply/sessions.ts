import { setTimeout as pause } from "node:timers/promises";
import type { AuditEvent } from "../model/audit-entry.ts";
import type { Plan } from "../model/plan.ts";
import type { Clock } from "../ports/clock.ts";
import type { Host } from "../ports/host.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { History, recall } from "./history.ts";
import { findHead, type Journal, openJournal } from "./journal.ts";
import { type Lease, leaseHolder, leaseScope } from "./lease-holder.ts";
import { acquireLock, type Lock, unlocked } from "./lock.ts";
import type { PlanStart } from "./plan-start.ts";
import { readPlanStart } from "./stored-plan.ts";
import type { Unit } from "./units.ts";

const RECALL_MS = 300_000;
/** Others work under a lock for minutes at most; what was loaded for hours is worth waiting for them. */
const AGAIN_TRIES = 150;
const AGAIN_MS = 2000;

/** Where locks, journals and plans are kept. */
export interface Records {
  /** A store stack of its own: no limits, no sharing with uploads. */
  readonly store: ObjectStore;
  readonly host: Host;
  readonly clock: Clock;
  readonly locks: "conditional" | "none";
}

/** The lock and the journal of one scope, held for a run. */
export interface Session {
  readonly scope: string;
  readonly lock: Lock;
  append(events: readonly AuditEvent[]): Promise<void>;
}

/** How the waiting for a lock that was given up for a while is told, and ended. */
export interface Waiting {
  readonly signal: AbortSignal;
  /** Once for each holder. */
  onWait(text: string): void;
}

/** Opens a session per scope when it is first needed, and gives it up after its last unit. */
export class Sessions {
  readonly history = new History();
  readonly #records: Records;
  readonly #plan: Plan;
  readonly #waiting: Waiting;
  readonly #open = new Map<string, Promise<OpenSession>>();
  /** Scopes that this run has opened before, and gave up for a while. */
  readonly #begun = new Set<string>();
  #start: Promise<PlanStart | null> | null = null;

  constructor(records: Records, plan: Plan, waiting: Waiting) {
    this.#records = records;
    this.#plan = plan;
    this.#waiting = waiting;
  }

  /** Throws LOCKED when another run holds the scope; one that was open before is waited for some minutes first. */
  open(unit: Pick<Unit, "scope" | "guard">): Promise<Session> {
    const known = this.#open.get(unit.scope);
    if (known !== undefined) return known;
    const opening = this.#acquire(unit);
    this.#open.set(unit.scope, opening);
    return opening;
  }

  /** Records the last events of a scope, if it is open, and releases its lock; never throws for a scope that failed to open. */
  async close(scope: string, events: readonly AuditEvent[]): Promise<void> {
    const opening = this.#open.get(scope);
    if (opening === undefined) return;
    this.#open.delete(scope);
    const session = await opening.catch(() => null);
    if (session === null) return;
    try {
      if (events.length > 0) await session.append(events);
    } finally {
      await session.lock.release();
    }
  }

  /** Who, besides this run, holds a lease of a database; null: nobody. */
  async leaseHolder(database: string, lease: Lease = "backup"): Promise<string | null> {
    const mine = await this.#open.get(leaseScope(database, lease))?.catch(() => null);
    if (mine !== undefined && mine !== null && !mine.lock.lost.aborted) return null;
    return leaseHolder(this.#records.store, database, lease);
  }

  scopes(): readonly string[] {
    return [...this.#open.keys()].sort();
  }

  async #acquire({ scope, guard }: Pick<Unit, "scope" | "guard">): Promise<OpenSession> {
    const { store, host, clock, locks } = this.#records;
    const lock = locks === "none" ? unlocked(scope) : await this.#lock(scope);
    try {
      const onTaken = guard === "lock" ? ("stop" as const) : ("follow" as const);
      const context = { store, clock, actor: host.actor, plan: this.#plan.plan, onTaken };
      await this.#recall(lock); // always, and under the lock: another run may have ended the plan a moment ago
      const session = new OpenSession(lock, await openJournal(context, lock), this.history);
      const { environment, operation } = this.#plan;
      const attempt = this.history.attemptsIn(scope) + 1;
      if (!this.#begun.has(scope)) await session.append([{ event: "plan", environment, operation, attempt }]);
      this.#begun.add(scope);
      return session;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async #lock(scope: string): Promise<Lock> {
    const { store, host, clock } = this.#records;
    const { signal, onWait } = this.#waiting;
    let told = "";
    for (let tries = this.#begun.has(scope) ? AGAIN_TRIES : 1; ; tries -= 1) {
      try {
        return await acquireLock({ store, host, clock }, scope, this.#plan.plan);
      } catch (error) {
        if (tries === 1 || !(error instanceof DbopsError && error.is("LOCKED"))) throw error;
        const who = error.problems[0]?.detail ?? scope;
        if (who !== told) onWait(`waiting for the lock: ${who}`);
        told = who;
        await pause(AGAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  }

  async #recall({ scope, head: known }: Lock): Promise<void> {
    const { store } = this.#records;
    const signal = AbortSignal.timeout(RECALL_MS);
    this.#start ??= readPlanStart(store, this.#plan, signal);
    const after = (await this.#start)?.get(scope) ?? 0;
    const head = await findHead(store, scope, known, signal);
    await recall(this.history, { store, scope, head }, { plan: this.#plan.plan, after }, signal);
  }
}

class OpenSession implements Session {
  readonly scope: string;
  readonly lock: Lock;
  readonly #journal: Journal;
  readonly #history: History;

  constructor(lock: Lock, journal: Journal, history: History) {
    this.scope = lock.scope;
    this.lock = lock;
    this.#journal = journal;
    this.#history = history;
  }

  async append(events: readonly AuditEvent[]): Promise<void> {
    await this.#journal.append(events);
    this.#history.record(this.scope, events);
  }
}
