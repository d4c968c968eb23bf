import { Readable } from "node:stream";
import type { AuditEntry, AuditEvent } from "../model/audit-entry.ts";
import { canonicalJson, digestOf } from "../model/canonical.ts";
import { journalKey, journalPrefix, parseJournalKey } from "../model/layout.ts";
import type { Clock } from "../ports/clock.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { readText } from "../ports/read-object.ts";
import { DbopsError, fail } from "../problems/dbops-error.ts";
import type { Lock } from "./lock.ts";
import type { JournalHead } from "./lock-file.ts";

const DEADLINE_MS = 60_000;
const READ_AHEAD = 8;

export interface JournalContext {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly actor: string;
  readonly plan: string;
  /**
   * What to do when another run wrote the next number. `stop`: the lock was lost, nothing may go on.
   * `follow`: the scope is only a lease against double work, so this entry goes behind theirs; not behind another run
   * of the same plan: that one has resumed it, and what this one says of a step would be taken for its own.
   */
  readonly onTaken: "stop" | "follow";
}

/** Appends to one scope's chain of write-once entries. */
export interface Journal {
  /**
   * Resolves when the events are safe in the store. Events that fall due while an entry is being written share the next.
   * Has its own deadline and ignores interrupts: a Ctrl-C must not cancel the entry that records it.
   */
  append(events: readonly AuditEvent[]): Promise<void>;
}

/** Opens the journal of a locked scope: finds its last entry, starting from the lock's head. */
export async function openJournal(context: JournalContext, lock: Lock): Promise<Journal> {
  const head = await findHead(context.store, lock.scope, lock.head, deadline());
  return new ChainedJournal(context, lock, head);
}

/**
 * The last entry of a scope; `known` is a head to start from. Its number is the highest there is: what is missing before it
 * is for `audit verify` to find, and no number is ever given twice. Throws JOURNAL_BROKEN when it cannot be read.
 */
export async function findHead(
  store: ObjectStore,
  scope: string,
  known: JournalHead | null,
  signal: AbortSignal,
): Promise<JournalHead | null> {
  let last = known?.n ?? 0;
  const options = known === null ? {} : { after: journalKey(scope, known.n) };
  for await (const info of store.list(journalPrefix(scope), options, signal))
    last = Math.max(last, parseJournalKey(scope, info.key) ?? 0);
  if (last === 0) return null;
  if (known !== null && last === known.n) return known;
  return { n: last, hash: digestOf(await readEntry(store, scope, last, signal)) };
}

/** Reads one entry; throws JOURNAL_BROKEN when it is missing, damaged or another one. */
export async function readEntry(
  store: ObjectStore,
  scope: string,
  number: number,
  signal: AbortSignal,
): Promise<AuditEntry> {
  const key = journalKey(scope, number);
  const entry = parseEntry(await readText(store, key, signal).catch(asMissing));
  if (entry?.scope === scope && entry.number === number) return entry;
  return fail("JOURNAL_BROKEN", `${key} is ${entry === undefined ? "missing" : "no entry of this journal"}`, {
    fix: "dbops audit verify ENVIRONMENT",
  });
}

function asMissing(error: unknown): null {
  if (error instanceof DbopsError && error.is("OBJECT_MISSING")) return null;
  throw error;
}

/** undefined: there is no text; null: it is no entry. Who reads the whole chain checks that it is one. */
function parseEntry(text: string | null): AuditEntry | null | undefined {
  if (text === null) return undefined;
  try {
    const entry = JSON.parse(text) as AuditEntry | null; // written by dbops alone; what is used of it is checked
    return entry?.formatVersion === 1 && Array.isArray(entry.events) ? entry : null;
  } catch {
    return null;
  }
}

/** Entries from the newest backwards; a bounded number is read ahead. */
export async function* readBackwards(
  store: ObjectStore,
  scope: string,
  head: JournalHead | null,
  signal: AbortSignal,
): AsyncGenerator<AuditEntry> {
  for (let top = head?.n ?? 0; top > 0; top -= READ_AHEAD) {
    const numbers = Array.from({ length: Math.min(READ_AHEAD, top) }, (_, index) => top - index);
    yield* await Promise.all(numbers.map((number) => readEntry(store, scope, number, signal)));
  }
}

/** Entries from `first` to `last`; a bounded number is read ahead. */
export async function* readForwards(
  store: ObjectStore,
  scope: string,
  { first, last }: { readonly first: number; readonly last: number },
  signal: AbortSignal,
): AsyncGenerator<AuditEntry> {
  for (let next = first; next <= last; next += READ_AHEAD) {
    const count = Math.min(READ_AHEAD, last - next + 1);
    const numbers = Array.from({ length: count }, (_, index) => next + index);
    yield* await Promise.all(numbers.map((number) => readEntry(store, scope, number, signal)));
  }
}

class ChainedJournal implements Journal {
  readonly #context: JournalContext;
  readonly #lock: Lock;
  #head: JournalHead | null;
  #pending: AuditEvent[] = [];
  #writing: Promise<void> = Promise.resolve();
  #broken: unknown;

  constructor(context: JournalContext, lock: Lock, head: JournalHead | null) {
    this.#context = context;
    this.#lock = lock;
    this.#head = head;
  }

  append(events: readonly AuditEvent[]): Promise<void> {
    this.#pending.push(...events);
    this.#writing = this.#writing.then(() => this.#flush());
    return this.#writing;
  }

  async #flush(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    const events = this.#pending;
    if (events.length === 0) return;
    this.#pending = [];
    try {
      await this.#write(events);
    } catch (error) {
      this.#broken = error;
      throw error;
    }
  }

  async #write(events: readonly AuditEvent[]): Promise<void> {
    for (;;) {
      this.#assertNotLost();
      const entry = this.#next(events);
      const standing = await this.#writeOrRead(entry);
      this.#head = { n: entry.number, hash: digestOf(standing) };
      if (canonicalJson(standing) === canonicalJson(entry)) break; // written now, or before an answer that was lost
      if (this.#context.onTaken === "stop") this.#throwTaken(standing);
      if (standing.plan === entry.plan && standing.events.some(isRun)) this.#throwResumed(standing);
    }
    this.#lock.anchor(this.#head);
  }

  /** The entry that has its number in the store afterwards: this one, or that of another run. */
  async #writeOrRead(entry: AuditEntry): Promise<AuditEntry> {
    const { store } = this.#context;
    const key = journalKey(entry.scope, entry.number);
    const body = Buffer.from(`${JSON.stringify(entry, null, 2)}\n`);
    try {
      const answer = await store.write(key, Readable.from([body]), {}, deadline());
      if (answer !== "exists") return entry;
    } catch (error) {
      // The answer may be lost and the entry there.
      const standing = await readEntry(store, entry.scope, entry.number, deadline()).catch(() => null);
      if (standing === null) throw error;
      return standing;
    }
    return readEntry(store, entry.scope, entry.number, deadline());
  }

  /** What lost its lock must not take the number that the new holder is about to write. */
  #assertNotLost(): void {
    if (this.#context.onTaken === "stop" && this.#lock.lost.aborted) throw this.#lock.lost.reason;
  }

  #next(events: readonly AuditEvent[]): AuditEntry {
    return {
      formatVersion: 1,
      scope: this.#lock.scope,
      number: (this.#head?.n ?? 0) + 1,
      epoch: this.#lock.epoch,
      at: this.#context.clock.now(),
      plan: this.#context.plan,
      actor: this.#context.actor,
      events,
      previous: this.#head?.hash ?? null,
    };
  }

  #throwTaken(by: AuditEntry): never {
    fail("JOURNAL_TAKEN", `${journalKey(by.scope, by.number)} was written by ${by.actor}`, {
      fix: "look who else is at work: dbops lock show, dbops audit show",
    });
  }

  #throwResumed(by: AuditEntry): never {
    const key = journalKey(by.scope, by.number);
    fail("JOURNAL_TAKEN", `another run resumed this plan: ${key} was written by ${by.actor}`, {
      fix: `dbops apply ${this.#context.plan}`,
    });
  }
}

/** A broken lock is recorded under the plan of its holder, by somebody who runs nothing. */
function isRun(event: AuditEvent): boolean {
  return event.event !== "lock-broken";
}

function deadline(): AbortSignal {
  return AbortSignal.timeout(DEADLINE_MS);
}
