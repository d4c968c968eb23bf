import { fail } from "../../../problems/dbops-error.ts";
import type { Session } from "../session.ts";
import { openNote } from "./aside-state.ts";

/**
 * DUMP_FAILED while a restore in place is not over: a backup of half a database would cover a schedule, and count as the newest. Asked in the
 * snapshot of the dump.
 */
export async function refuseHalfRestored(session: Session, database: string): Promise<void> {
  const open = await openNote(session);
  if (open === null) return;
  fail(
    "DUMP_FAILED",
    `${database} is being restored in place, from ${open.backup}: what it holds now is no state to go back to`,
    { fix: `let that restore come to its end:\ndbops apply ${open.plan}` },
  );
}
