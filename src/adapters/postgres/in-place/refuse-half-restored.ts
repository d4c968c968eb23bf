import { parseAsideNote } from "../../../model/aside-schema.ts";
import { fail } from "../../../problems/dbops-error.ts";
import type { Session } from "../session.ts";

/**
 * DUMP_FAILED while a restore in place is not over: a backup of half a database would cover a schedule, and count as the newest. Asked in the
 * snapshot of the dump.
 */
export async function refuseHalfRestored(session: Session, database: string): Promise<void> {
  const markers = await session.query<{ comment: string | null }>(MARKERS);
  const notes = markers.flatMap(({ comment }) => parseAsideNote(comment) ?? []);
  const open = notes.find(({ state }) => state === "aside" || state === "loaded");
  if (open === undefined) return;
  fail(
    "DUMP_FAILED",
    `${database} is being restored in place, from ${open.backup}: what it holds now is no state to go back to`,
    { fix: `let that restore come to its end:\ndbops apply ${open.plan}` },
  );
}

const MARKERS = `
  SELECT pg_catalog.obj_description(oid, 'pg_namespace') AS comment FROM pg_catalog.pg_namespace
  WHERE nspname ~ '^dbops_[0-9a-f]{8}_old$'`;
