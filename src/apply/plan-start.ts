import type { ObjectStore } from "../ports/object-store.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { findHead } from "./journal.ts";
import { readLock } from "./lock-file.ts";

/** The last entry of every scope before a plan was stored, by scope: none of the plan's own is older. */
export type PlanStart = ReadonlyMap<string, number>;

const AT_ONCE = 8;

/** Looks where the journals of some scopes stand now. A lower number than the true one only costs reading. */
export async function findPlanStart(
  store: ObjectStore,
  scopes: readonly string[],
  signal: AbortSignal,
): Promise<PlanStart> {
  const start = new Map<string, number>();
  for (let first = 0; first < scopes.length; first += AT_ONCE) {
    const some = scopes.slice(first, first + AT_ONCE);
    const numbers = await Promise.all(some.map((scope) => lastNumber(store, scope, signal)));
    for (const [index, scope] of some.entries()) start.set(scope, numbers[index] ?? 0);
  }
  return start;
}

/** As comments that stand in front of a stored plan: `# journal app.backup: 12`. */
export function renderPlanStart(start: PlanStart): string {
  return [...start]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([scope, number]) => `# journal ${scope}: ${number}\n`)
    .join("");
}

/** What `renderPlanStart` wrote; a scope that it does not name is read to the beginning of its journal. */
export function parsePlanStart(text: string): PlanStart {
  const lines = text.matchAll(/^# journal (\S+): (\d+)$/gm);
  return new Map([...lines].map(([, scope = "", number]) => [scope, Number(number)]));
}

/** The head that the lock tells is enough; only where there is no lock the journal itself is listed. */
async function lastNumber(store: ObjectStore, scope: string, signal: AbortSignal): Promise<number> {
  try {
    const lock = await readLock(store, scope, signal);
    return (lock?.file.head ?? (await findHead(store, scope, null, signal)))?.n ?? 0;
  } catch (error) {
    // A lock or an entry that nobody can understand stops the scope that has it, when its turn comes.
    if (error instanceof DbopsError && (error.is("LOCKED") || error.is("JOURNAL_BROKEN"))) return 0;
    throw error;
  }
}
