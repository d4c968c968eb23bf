import { backupScope, restoreScope } from "../model/layout.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { describeHolder, isExpired, readLock } from "./lock-file.ts";

const DEADLINE_MS = 10_000;

/** The lease that keeps two hosts from the same work. */
export type Lease = "backup" | "restore";

/** Who holds a lease of a database, as the records store tells it; null: nobody, or the lease has expired. */
export async function leaseHolder(
  records: ObjectStore,
  database: string,
  lease: Lease = "backup",
): Promise<string | null> {
  const lock = await readLock(records, leaseScope(database, lease), AbortSignal.timeout(DEADLINE_MS));
  if (lock === null || lock.file.state === "free" || isExpired(lock)) return null;
  return describeHolder(lock.file);
}

export function leaseScope(database: string, lease: Lease): string {
  return lease === "backup" ? backupScope(database) : restoreScope(database);
}
