import { backupScope } from "../model/layout.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { describeHolder, isExpired, readLock } from "./lock-file.ts";

const DEADLINE_MS = 10_000;

/** Who holds the backup lease of a database, as the records store tells it; null: nobody, or the lease has expired. */
export async function leaseHolder(records: ObjectStore, database: string): Promise<string | null> {
  const lock = await readLock(records, backupScope(database), AbortSignal.timeout(DEADLINE_MS));
  if (lock === null || lock.file.state === "free" || isExpired(lock)) return null;
  return describeHolder(lock.file);
}
