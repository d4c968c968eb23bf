import type { Snapshot } from "../../../ports/postgres.ts";
import type { NamedDatabase } from "../../../ports/restore-target.ts";
import { openSnapshot } from "../snapshot.ts";
import type { AdminAccess } from "./admin-access.ts";
import { refuseOther } from "./set-note.ts";

/** As `RestoreTarget.openSnapshot`. */
export async function snapshotOf(
  access: AdminAccess,
  database: NamedDatabase,
  signal: AbortSignal,
): Promise<Snapshot> {
  const snapshot = await openSnapshot(await access.target(database.name, signal), access.env, signal);
  const { oid } = snapshot.identity;
  if (oid === database.oid) return snapshot;
  await snapshot.close();
  return refuseOther(database, oid);
}
