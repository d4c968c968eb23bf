import { JOURNAL_PREFIX, journalPrefix, LOCKS_PREFIX, lockKey } from "../model/layout.ts";
import type { ObjectStore } from "../ports/object-store.ts";

/** Every scope that has a lock or a journal, sorted; a journal whose lock was removed is found as well. */
export async function listScopes(store: ObjectStore, signal: AbortSignal): Promise<readonly string[]> {
  const scopes = new Set<string>();
  for await (const { key } of store.list(LOCKS_PREFIX, {}, signal)) {
    const scope = key.slice(LOCKS_PREFIX.length).replace(/\.json$/, "");
    if (key === lockKey(scope)) scopes.add(scope);
  }
  for (let scope = await nextJournal(store, null, signal); scope !== null; ) {
    scopes.add(scope);
    scope = await nextJournal(store, scope, signal);
  }
  return [...scopes].sort();
}

/** The scope of the first journal behind another: one listing each, since journals have thousands of entries. */
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
