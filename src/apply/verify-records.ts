import type { Environment } from "../model/environment.ts";
import { backupScope, folderOf, journalPrefix, MANIFEST } from "../model/layout.ts";
import { parseManifest } from "../model/parse-manifest.ts";
import type { VerifiedScope } from "../model/report.ts";
import { listBackups } from "../ports/list-backups.ts";
import { listScopes } from "../ports/list-scopes.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { readText } from "../ports/read-object.ts";
import { problem } from "../problems/problem.ts";
import { verifyJournal } from "./verify-journal.ts";

/**
 * Verifies every journal of a records store, and finds those that are gone as a whole: a backup of a declared database
 * lies there whose manifest names the plan that made it, and its scope has no entry. Sorted by scope.
 */
export async function verifyRecords(
  store: ObjectStore,
  environment: Environment,
  signal: AbortSignal,
): Promise<readonly VerifiedScope[]> {
  const scopes = new Map<string, VerifiedScope>();
  for (const scope of await listScopes(store, signal))
    scopes.set(scope, { scope, ...(await verifyJournal(store, scope, signal)) });
  for (const { name: database } of environment.databases) {
    const scope = backupScope(database);
    const known = scopes.get(scope);
    if (known !== undefined && (known.entries > 0 || known.state === "broken")) continue;
    const gone = await goneJournal(store, { environment: environment.name, database }, signal);
    if (gone !== null) scopes.set(scope, gone);
  }
  return [...scopes.values()].sort((a, b) => (a.scope < b.scope ? -1 : 1));
}

async function goneJournal(
  store: ObjectStore,
  of: { readonly environment: string; readonly database: string },
  signal: AbortSignal,
): Promise<VerifiedScope | null> {
  const { backups } = await listBackups(store, of, signal);
  const own = backups.filter(({ state, layout }) => state === "complete" && layout === "directory");
  for (const { name } of own.toReversed()) {
    const manifest = parseManifest(await readText(store, `${folderOf(name)}${MANIFEST}`, signal));
    if (manifest === null || manifest.plan === "") continue;
    const scope = backupScope(of.database);
    const detail = `${scope} has no entry, but plan ${manifest.plan.slice(0, 12)} made ${name}: its journal was removed, or is in the store that kept the records before`;
    const fix = `look for ${journalPrefix(scope)} in the store that \`records:\` named before, else in a copy of this one`;
    return { scope, entries: 0, state: "broken", problem: problem("JOURNAL_BROKEN", detail, { fix }) };
  }
  return null;
}
