import { randomUUID } from "node:crypto";
import { lockKey } from "../model/layout.ts";
import type { Clock } from "../ports/clock.ts";
import type { Host } from "../ports/host.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { DbopsError, fail } from "../problems/dbops-error.ts";
import { problem } from "../problems/problem.ts";
import {
  describeHolder,
  isExpired,
  type JournalHead,
  type LockFile,
  type ReadLock,
  readLock,
} from "./lock-file.ts";

export const LEASE_MS = 45_000;
const RENEW_MS = 15_000;
/** No lock operation may take longer: a renewal that hangs must not outlive the lease. */
const DEADLINE_MS = 10_000;
const ATTEMPTS = 6;

export interface LockContext {
  /** A store stack of its own, without limits, so that uploads cannot starve a renewal. */
  readonly store: ObjectStore;
  readonly host: Host;
  readonly clock: Clock;
}

/** A lock on a scope, renewed until released. Operations on it are serial. */
export interface Lock {
  readonly scope: string;
  readonly epoch: number;
  /** The journal's head as the lock told it when it was taken. */
  readonly head: JournalHead | null;
  /** Aborts, with LOCK_LOST, when another took it over or it could not be renewed in time. */
  readonly lost: AbortSignal;
  /** Reads the lock again; throws LOCK_LOST when it is no longer this one. */
  assertHeld(): Promise<void>;
  /** Tells the lock the journal's new head; it is written with the next renewal and at the release. */
  anchor(head: JournalHead): void;
  /** Gives it up; never throws, since an unreleased lock expires. */
  release(): Promise<void>;
}

/** Takes the lock of a scope, or throws LOCKED with the holder's name. */
export async function acquireLock(context: LockContext, scope: string, plan: string): Promise<Lock> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const current = await readLock(context.store, scope, deadline());
    if (current !== null && !canTake(current, context.host)) throwLocked(scope, current);
    const file = nextFile(context, current, plan);
    const sentMs = performance.now();
    const etag = await tryReplace(context.store, { scope, file, etag: current?.info.etag ?? null });
    if (etag !== null) return new HeldLock(context, scope, { file, etag, sentMs });
  }
  return fail("LOCKED", `${scope}: others took the lock again and again`, {
    fix: "run the same command again",
  });
}

/** Whether a lock can be taken: free, expired, or held by a process of this host and boot that is gone. */
export function canTake(current: ReadLock, host: Host): boolean {
  const { file } = current;
  if (file.state === "free" || isExpired(current)) return true;
  return file.holder !== null && !host.mayBeAlive(file.holder.process);
}

function throwLocked(scope: string, current: ReadLock): never {
  fail("LOCKED", `${scope} is held by ${describeHolder(current.file)}`, {
    fix: `wait for it; a holder that died is replaced ${LEASE_MS / 1000} s after its last renewal`,
  });
}

function nextFile(context: LockContext, current: ReadLock | null, plan: string): LockFile {
  return {
    formatVersion: 1,
    state: "held",
    epoch: (current?.file.epoch ?? 0) + 1,
    holder: { actor: context.host.actor, process: context.host.process },
    plan,
    leaseMs: LEASE_MS,
    head: current?.file.head ?? null,
    sinceAt: context.clock.now(),
    nonce: randomUUID(),
  };
}

/** The new etag, or null when another was faster. An own write whose answer was lost is recognised by its nonce. */
export async function tryReplace(
  store: ObjectStore,
  { scope, file, etag }: { readonly scope: string; readonly file: LockFile; readonly etag: string | null },
): Promise<string | null> {
  const body = Buffer.from(`${JSON.stringify(file, null, 2)}\n`);
  try {
    const expect = etag === null ? ("absent" as const) : { etag };
    const answer = await store.replace(lockKey(scope), body, expect, deadline());
    if (typeof answer === "object") return answer.etag;
  } catch (error) {
    const mine = await ownWrite(store, scope, file.nonce).catch(() => null);
    if (mine !== null) return mine;
    throw error;
  }
  return ownWrite(store, scope, file.nonce);
}

async function ownWrite(store: ObjectStore, scope: string, nonce: string): Promise<string | null> {
  const current = await readLock(store, scope, deadline());
  return current !== null && current.file.nonce === nonce ? current.info.etag : null;
}

function deadline(): AbortSignal {
  return AbortSignal.timeout(DEADLINE_MS);
}

class HeldLock implements Lock {
  readonly scope: string;
  readonly epoch: number;
  readonly head: JournalHead | null;
  readonly #context: LockContext;
  readonly #lost = new AbortController();
  readonly #stop = new AbortController();
  readonly #renewing: Promise<void>;
  #file: LockFile;
  #etag: string;
  /** When the last write that succeeded was sent: the lease ends no earlier than so long after it. */
  #renewedMs: number;
  #missed = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    context: LockContext,
    scope: string,
    { file, etag, sentMs }: { readonly file: LockFile; readonly etag: string; readonly sentMs: number },
  ) {
    this.#context = context;
    this.scope = scope;
    this.epoch = file.epoch;
    this.head = file.head;
    this.#file = file;
    this.#etag = etag;
    this.#renewedMs = sentMs;
    this.#renewing = this.#renewUntilStopped();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  anchor(head: JournalHead): void {
    this.#file = { ...this.#file, head };
  }

  async assertHeld(): Promise<void> {
    await this.#serially(async () => {
      if (this.#lost.signal.aborted) throw this.#lost.signal.reason;
      const info = await this.#context.store.head(lockKey(this.scope), deadline());
      if (info?.etag !== this.#etag) this.#lose("another run has taken it over");
    });
    if (this.#lost.signal.aborted) throw this.#lost.signal.reason;
  }

  async release(): Promise<void> {
    this.#stop.abort();
    await this.#renewing;
    await this.#serially(async () => {
      if (this.#lost.signal.aborted) return;
      await this.#write({ ...this.#file, state: "free", holder: null, plan: null });
    }).catch(() => undefined);
  }

  async #renewUntilStopped(): Promise<void> {
    while (!this.#stop.signal.aborted && !this.#lost.signal.aborted) {
      const slept = await this.#context.clock.sleep(RENEW_MS, this.#stop.signal).then(
        () => true,
        () => false,
      );
      if (slept) await this.#serially(() => this.#renew());
    }
  }

  async #renew(): Promise<void> {
    try {
      await this.#write(this.#file);
    } catch {
      // A store that does not answer for a moment is no reason to stop; one that does not answer for a lease is.
      this.#missed += 1;
      const silentMs = Math.max(performance.now() - this.#renewedMs, this.#missed * RENEW_MS);
      if (silentMs >= LEASE_MS) this.#lose("it could not be renewed for a whole lease");
    }
  }

  async #write(file: LockFile): Promise<void> {
    const fresh = { ...file, nonce: randomUUID() };
    const sentMs = performance.now();
    const etag = await tryReplace(this.#context.store, { scope: this.scope, file: fresh, etag: this.#etag });
    if (etag === null) return this.#lose("another run has taken it over");
    this.#file = { ...fresh, head: this.#file.head };
    this.#etag = etag;
    this.#renewedMs = sentMs;
    this.#missed = 0;
  }

  #lose(why: string): void {
    const detail = `${this.scope}: ${why}`;
    this.#lost.abort(
      new DbopsError([problem("LOCK_LOST", detail, { fix: "apply the same plan again: it resumes" })]),
    );
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#queue.then(work);
    this.#queue = next.catch(() => undefined);
    return next;
  }
}

/** What stands in for a lock where the environment says `locks: none`. */
export function unlocked(scope: string): Lock {
  return {
    scope,
    epoch: 0,
    head: null,
    lost: new AbortController().signal,
    assertHeld: async () => undefined,
    anchor: () => undefined,
    release: async () => undefined,
  };
}
