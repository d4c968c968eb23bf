import { randomUUID } from "node:crypto";
import { fail } from "../problems/dbops-error.ts";
import { openJournal } from "./journal.ts";
import { tryReplace, unlocked } from "./lock.ts";
import { type LockFile, readLock } from "./lock-file.ts";
import type { Records } from "./sessions.ts";

/**
 * Frees a lock whoever holds it, and records that in the scope's journal. The old holder finds out at its next look:
 * it stops before its next effect. Gives the new epoch.
 */
export async function breakLock(records: Records, scope: string, reason: string): Promise<number> {
  const { store, clock, host } = records;
  const lock = await readLock(store, scope, AbortSignal.timeout(10_000));
  if (lock === null) return fail("USAGE", `there is no lock ${scope}`);
  const file: LockFile = {
    ...lock.file,
    state: "free",
    epoch: lock.file.epoch + 1,
    holder: null,
    plan: null,
    sinceAt: clock.now(),
    nonce: randomUUID(),
  };
  if ((await tryReplace(store, { scope, file, etag: lock.info.etag })) === null)
    return fail("LOCKED", `${scope} changed hands just now`, { fix: "dbops lock show" });
  const written = { ...unlocked(scope), epoch: file.epoch, head: file.head };
  const plan = lock.file.plan ?? "none";
  const journal = await openJournal({ store, clock, actor: host.actor, plan, onTaken: "follow" }, written);
  await journal.append([{ event: "lock-broken", reason }]);
  return file.epoch;
}
