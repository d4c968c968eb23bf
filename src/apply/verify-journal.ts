import type { AuditEntry } from "../model/audit-entry.ts";
import { digestOf } from "../model/canonical.ts";
import { journalKey, journalPrefix, parseJournalKey } from "../model/layout.ts";
import type { VerifiedScope } from "../model/report.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { type Problem, problem } from "../problems/problem.ts";
import { readEntry } from "./journal.ts";
import { type JournalHead, readLock } from "./lock-file.ts";

const READ_AHEAD = 8;

/**
 * Reads every entry of a scope and says what that proves. A changed, removed or inserted entry breaks the chain and is
 * named; entries that are missing at the end are noticed only as far as the lock knows of them. Throws when it cannot look.
 */
export async function verifyJournal(
  store: ObjectStore,
  scope: string,
  signal: AbortSignal,
): Promise<Omit<VerifiedScope, "scope">> {
  // The lock first: entries that are written meanwhile come behind the head that it names.
  const head = await readHead(store, scope, signal);
  const keys: string[] = [];
  for await (const { key } of store.list(journalPrefix(scope), {}, signal)) keys.push(key);
  const chain = new Chain(scope, head);
  let found = numberProblem(scope, keys);
  for (let first = 0; first < keys.length && found === null; first += READ_AHEAD) {
    const numbers = keys.slice(first, first + READ_AHEAD).map((_key, index) => first + index + 1);
    const read = await Promise.all(numbers.map((number) => readOrProblem(store, { scope, number }, signal)));
    for (const entry of read) found ??= "code" in entry ? entry : chain.follow(entry);
  }
  found ??= chain.endProblem(keys.length);
  if (found !== null) return { entries: keys.length, state: "broken", problem: found };
  const anchored = head !== null && head.n === keys.length;
  return {
    entries: keys.length,
    state: anchored ? "consistent, anchored" : "consistent, not anchored",
    problem: null,
  };
}

/** null: there is no lock, or none that can be understood, so that nothing anchors the journal. */
async function readHead(store: ObjectStore, scope: string, signal: AbortSignal): Promise<JournalHead | null> {
  try {
    return (await readLock(store, scope, signal))?.file.head ?? null;
  } catch (error) {
    if (error instanceof DbopsError && error.is("LOCKED")) return null;
    throw error;
  }
}

function numberProblem(scope: string, keys: readonly string[]): Problem | null {
  for (const [index, key] of keys.entries()) {
    const wanted = journalKey(scope, index + 1);
    if (key === wanted) continue;
    if (parseJournalKey(scope, key) === null) return broken(`${key} is no entry of this journal`);
    return broken(`${wanted} is missing: ${key} follows where it should be`);
  }
  return null;
}

async function readOrProblem(
  store: ObjectStore,
  { scope, number }: { readonly scope: string; readonly number: number },
  signal: AbortSignal,
): Promise<AuditEntry | Problem> {
  try {
    return await readEntry(store, scope, number, signal);
  } catch (error) {
    const [first] = error instanceof DbopsError ? error.problems : [];
    if (first?.code === "JOURNAL_BROKEN") return first;
    throw error;
  }
}

class Chain {
  readonly #scope: string;
  readonly #head: JournalHead | null;
  #previous: string | null = null;

  constructor(scope: string, head: JournalHead | null) {
    this.#scope = scope;
    this.#head = head;
  }

  /** Takes in the next entry; the problem when it is not the one that belongs there. */
  follow(entry: AuditEntry): Problem | null {
    const key = journalKey(this.#scope, entry.number);
    if (entry.previous !== this.#previous)
      return broken(
        entry.number === 1
          ? `${key} names an entry before it, but is the first`
          : `${key} does not follow from the entry before it: one of the two was changed, removed or inserted`,
      );
    this.#previous = digestOf(entry);
    if (this.#head?.n === entry.number && this.#head.hash !== this.#previous)
      return broken(`${key} is not the entry that the lock of ${this.#scope} names`);
    return null;
  }

  endProblem(last: number): Problem | null {
    const known = this.#head?.n ?? 0;
    if (known <= last) return null;
    return broken(`${journalKey(this.#scope, known)} is missing, which the lock of ${this.#scope} names`);
  }
}

function broken(detail: string): Problem {
  return problem("JOURNAL_BROKEN", detail, {
    fix: "compare the journal with a copy of the store: what is said from this entry on proves nothing",
  });
}
