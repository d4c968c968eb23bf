import type { AsideNote } from "../../../model/in-place.ts";
import { closingStatements, grantStatements, grantsOf } from "../restore-target/database-acl.ts";
import type { Inside } from "./change-inside.ts";

/** From the end of the transaction on nobody but superusers and this role can connect to the database. */
export async function closeDatabase({ session, database }: Inside, name: string): Promise<void> {
  const [row] = await session.query<{ user: string; superuser: boolean }>(
    "SELECT current_user::text AS user, current_setting('is_superuser')::bool AS superuser",
  );
  const kept = row === undefined || row.superuser ? null : row.user;
  for (const sql of closingStatements(name, database.properties, kept)) await session.query(sql);
}

/** Gives the privileges back that the database had before it was closed; nothing where it was not. */
export async function openDatabase(
  { session, database }: Inside,
  name: string,
  { privileges }: AsideNote,
): Promise<void> {
  if (privileges === null) return;
  const wanted = grantsOf({ owner: privileges.owner, accessPrivileges: privileges.items });
  for (const sql of grantStatements(name, database.properties, wanted)) await session.query(sql);
}
