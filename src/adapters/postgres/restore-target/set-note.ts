import { escapeIdentifier, escapeLiteral } from "pg";
import { renderNote } from "../../../model/made-database.ts";
import type { MadeNote } from "../../../model/restore-target.ts";
import type { NamedDatabase } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { factsOf } from "../connection-problem.ts";
import { readDatabaseRow } from "../database-row.ts";
import { type AdminAccess, inSession } from "./admin-access.ts";

/** As `RestoreTarget.setNote`. */
export function setNote(
  access: AdminAccess,
  noted: { readonly database: NamedDatabase; readonly note: MadeNote },
  signal: AbortSignal,
): Promise<void> {
  const { name, oid } = noted.database;
  return inSession(access, null, signal, async (session) => {
    await session.query("BEGIN");
    try {
      await session.query(
        `COMMENT ON DATABASE ${escapeIdentifier(name)} IS ${escapeLiteral(renderNote(noted.note))}`,
      );
    } catch (error) {
      if (factsOf(error).code === "3D000") refuseOther(noted.database, null);
      throw error;
    }
    // the comment's lock keeps the database from being renamed or dropped until the end of the transaction
    const row = await readDatabaseRow(session, name);
    if (row?.oid !== oid) refuseOther(noted.database, row?.oid ?? null);
    await session.query("COMMIT");
  });
}

/** Throws TARGET_CHANGED: the name has another oid now, or none. */
export function refuseOther({ name, oid }: NamedDatabase, now: number | null): never {
  const found = now === null ? "is gone" : `has oid ${now}`;
  return fail("TARGET_CHANGED", `the database ${name} had oid ${oid} and ${found}`, {
    fix: "look who changed it, and plan again",
  });
}
