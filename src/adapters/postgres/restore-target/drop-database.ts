import { escapeIdentifier, escapeLiteral } from "pg";
import { isMadeName } from "../../../model/made-database.ts";
import type { NamedDatabase } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import type { Session } from "../session.ts";
import { type AdminAccess, inSession } from "./admin-access.ts";
import { refuseOther } from "./set-note.ts";

/** As `RestoreTarget.drop`. */
export function dropDatabase(
  access: AdminAccess,
  database: NamedDatabase,
  signal: AbortSignal,
): Promise<void> {
  return inSession(access, null, signal, async (session) => {
    if (!(await stands(session, database))) return;
    if (await hasSubscriptions(session, database.oid)) {
      await session.query(`ALTER DATABASE ${escapeIdentifier(database.name)} ALLOW_CONNECTIONS true`);
      await inSession(access, database.name, signal, (inside) => detachSubscriptions(inside, database));
      if (!(await stands(session, database))) return;
    }
    await session.query(`DROP DATABASE ${escapeIdentifier(database.name)} WITH (FORCE)`);
  });
}

/** false when it is gone; TARGET_CHANGED when it is not the one that was to be dropped. */
async function stands(session: Session, database: NamedDatabase): Promise<boolean> {
  const { name, oid } = database;
  if (!isMadeName(name))
    fail("TARGET_CHANGED", `${name} is no name that dbops gives, and is not dropped`, { fix: "plan again" });
  const found = await session.query<{ name: string; oid: number }>(
    "SELECT datname::text AS name, oid FROM pg_catalog.pg_database WHERE datname = $1::text OR oid = $2",
    [name, oid],
  );
  const named = found.find((one) => one.name === name);
  if (named !== undefined) return named.oid === oid || refuseOther(database, named.oid);
  const renamed = found[0];
  if (renamed === undefined) return false;
  return fail("TARGET_CHANGED", `the database with oid ${oid} is called ${renamed.name}, no longer ${name}`, {
    fix: "somebody took it back; plan again",
  });
}

async function hasSubscriptions(session: Session, oid: number): Promise<boolean> {
  const found = await session.query(
    "SELECT subname FROM pg_catalog.pg_subscription WHERE subdbid = $1 LIMIT 1",
    [oid],
  );
  return found.length > 0;
}

/**
 * Drops the subscriptions of this database without a word to their publishers: neither the slot, which a living subscriber
 * may use under the same name, nor what is left of a table's first copy is asked for, since the connection leads nowhere.
 */
async function detachSubscriptions(session: Session, { oid }: NamedDatabase): Promise<void> {
  const subscriptions = await session.query<{ name: string; inside: number }>(
    `SELECT s.subname::text AS name, s.subdbid AS inside FROM pg_catalog.pg_subscription s
     WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()) ORDER BY 1`,
  );
  for (const { name, inside } of subscriptions) {
    if (inside !== oid) return; // the name was given away meanwhile: found by the look that follows
    const subscription = `ALTER SUBSCRIPTION ${escapeIdentifier(name)}`;
    await session.query(`${subscription} DISABLE`);
    await session.query(`${subscription} SET (slot_name = NONE)`);
    await session.query(`${subscription} CONNECTION ${escapeLiteral(NOWHERE)}`);
    await session.query(`DROP SUBSCRIPTION ${escapeIdentifier(name)}`);
  }
}

/** With a password, which servers from 16 on demand of those who are no superusers. */
const NOWHERE = "host=/nonexistent/dbops dbname=none user=none password=none";
