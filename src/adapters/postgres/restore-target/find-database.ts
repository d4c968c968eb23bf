import { parseNote } from "../../../model/made-database.ts";
import type { FoundDatabase } from "../../../ports/restore-target.ts";
import { readDatabaseRow } from "../database-row.ts";
import { type AdminAccess, inSession } from "./admin-access.ts";
import { isClosed } from "./database-acl.ts";

/** As `RestoreTarget.find`. */
export function findDatabase(
  access: AdminAccess,
  name: string,
  signal: AbortSignal,
): Promise<FoundDatabase | null> {
  return inSession(access, null, signal, async (session, { user }) => {
    const row = await readDatabaseRow(session, name);
    if (row === null) return null;
    const { oid, properties } = row;
    return {
      name,
      oid,
      properties,
      note: parseNote(properties.comment),
      isClosed: isClosed(properties, user),
    };
  });
}
