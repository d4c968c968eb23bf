import { JOURNAL_PREFIX, journalPrefix, LOCKS_PREFIX, lockKey } from "../model/layout.ts";
import type { ObjectStore } from "./object-store.ts";

const AT_ONCE = 8;

/**
 * Every scope that has a lock or a journal, sorted; a journal whose lock was removed, or that never had one, is found as
 * well. One listing for the locks and about one for each scope: journals have thousands of entries, which are not read.
 */
export async function listScopes(store: ObjectStore, signal: AbortSignal): Promise<readonly string[]> {
  const locked = await lockedScopes(store, signal);
  // In the order of their journals' keys, in which "a-b/" stands before "a/".
  const known = locked.toSorted((a, b) => (`${a}/` < `${b}/` ? -1 : 1));
  const found = new Set(locked);
  const gaps = [null, ...known].map((behind, index) => ({ behind, before: known[index] ?? null }));
  const walk = async () => {
    for (let gap = gaps.shift(); gap !== undefined; gap = gaps.shift())
      for (const scope of await journalsIn(store, gap, signal)) found.add(scope);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, walk));
  return [...found].sort();
}

async function lockedScopes(store: ObjectStore, signal: AbortSignal): Promise<readonly string[]> {
  const scopes: string[] = [];
  for await (const { key } of store.list(LOCKS_PREFIX, {}, signal)) {
    const scope = key.slice(LOCKS_PREFIX.length).replace(/\.json$/, "");
    if (key === lockKey(scope)) scopes.push(scope);
  }
  return scopes;
}

interface Gap {
  /** null: from the first journal on. */
  readonly behind: string | null;
  /** null: to the last. */
  readonly before: string | null;
}

async function journalsIn(
  store: ObjectStore,
  { behind, before }: Gap,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const scopes: string[] = [];
  let scope = await nextJournal(store, behind, signal);
  while (scope !== null && (before === null || `${scope}/` < `${before}/`)) {
    scopes.push(scope);
    scope = await nextJournal(store, scope, signal);
  }
  return scopes;
}

/** The scope of the first journal behind another. */
async function nextJournal(
  store: ObjectStore,
  behind: string | null,
  signal: AbortSignal,
): Promise<string | null> {
  // "~" sorts behind every character of an entry's key.
  const options = behind === null ? {} : { after: `${journalPrefix(behind)}~` };
  for await (const { key } of store.list(JOURNAL_PREFIX, options, signal)) {
    const [scope = "", entry] = key.slice(JOURNAL_PREFIX.length).split("/");
    if (scope !== "" && entry !== undefined) return scope;
  }
  return null;
}
