import { escapeIdentifier, escapeLiteral } from "pg";
import { isMadeName, renderNote } from "../../../model/made-database.ts";
import type { MadeNote } from "../../../model/restore-target.ts";
import type { NewDatabase } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { factsOf } from "../connection-problem.ts";
import { type DatabaseRow, readDatabaseRow } from "../database-row.ts";
import type { Session } from "../session.ts";
import type { Target } from "../target.ts";
import { type AdminAccess, inSession } from "./admin-access.ts";

export interface Creation {
  readonly name: string;
  readonly like: NewDatabase;
  readonly note: MadeNote;
}

/**
 * As `RestoreTarget.create`. CREATE DATABASE cannot be in a transaction with its comment, so the database is made without
 * connections, and the transaction that writes the note also opens it. One of our names that has no note and allows no
 * connections is therefore ours and empty: an earlier attempt ended between the two. It is taken over.
 */
export function createDatabase(
  access: AdminAccess,
  creation: Creation,
  signal: AbortSignal,
): Promise<number> {
  return inSession(access, null, signal, async (session, target) => {
    const before = await readDatabaseRow(session, creation.name);
    if (before === null) await make(session, target, creation);
    else await refuseUnlessOurs(session, creation, before);
    return open(session, creation);
  });
}

async function make(session: Session, target: Target, creation: Creation): Promise<void> {
  const [version] = await session.query<{ major: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS major",
  );
  const sql = createStatement(creation.name, creation.like, version?.major ?? 0);
  try {
    await session.query(sql);
  } catch (error) {
    const { code, message } = factsOf(error);
    if (code === "42P04" || code === "23505") {
      const made = await readDatabaseRow(session, creation.name);
      return made === null ? exists(creation.name) : refuseUnlessOurs(session, creation, made);
    }
    if (code === "42501")
      fail("ADMIN_RIGHTS_MISSING", `${target.user} at ${target.endpoint}: ${message} (${code})`, {
        fix: `ALTER ROLE ${escapeIdentifier(target.user)} CREATEDB;`,
        cause: error,
      });
    if (UNKNOWN_LOCALE.has(code) || message.startsWith("could not open collator"))
      fail("RESTORE_BLOCKED", `${target.endpoint}: ${message} (${code})`, {
        fix: `install the locale of the backed up database on the server's host, then apply again; it has:\nSELECT collname, collcollate FROM pg_collation WHERE collprovider <> 'd';`,
        cause: error,
      });
    throw error;
  }
}

/** Wrong object type, invalid parameter, no such object, not supported: what CREATE DATABASE says of encodings and locales. */
const UNKNOWN_LOCALE = new Set(["42809", "22023", "42704", "0A000"]);

/** The statement for a server of this major version. Throws RESTORE_BLOCKED for a provider that the version does not have. */
export function createStatement(name: string, like: NewDatabase, major: number): string {
  const lacks = (what: string, from: number): never =>
    fail(
      "RESTORE_BLOCKED",
      `the database needs ${what}, which servers have from ${from} on; this is ${major}`,
      {
        fix: `restore to a server of version ${from} or later`,
      },
    );
  if (like.localeProvider === "icu" && major < 15) lacks("the locale provider icu", 15);
  if (like.icuRules !== null && major < 16) lacks("ICU rules", 16);
  if (like.localeProvider === "builtin" && major < 17) lacks("the locale provider builtin", 17);
  return [
    `CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE template0 ALLOW_CONNECTIONS false`,
    `ENCODING ${escapeLiteral(like.encoding)}`,
    `LC_COLLATE ${escapeLiteral(like.collate)}`,
    `LC_CTYPE ${escapeLiteral(like.ctype)}`,
    ...(major < 15 ? [] : [`LOCALE_PROVIDER ${like.localeProvider}`]),
    ...(like.icuLocale === null
      ? []
      : [`${LOCALE_OPTION[like.localeProvider]} ${escapeLiteral(like.icuLocale)}`]),
    ...(like.icuRules === null ? [] : [`ICU_RULES ${escapeLiteral(like.icuRules)}`]),
  ].join(" ");
}

const LOCALE_OPTION = { libc: "LOCALE", icu: "ICU_LOCALE", builtin: "BUILTIN_LOCALE" } as const;

async function refuseUnlessOurs(session: Session, creation: Creation, found: DatabaseRow): Promise<void> {
  const [asked] = await session.query<{ name: string }>("SELECT current_user::text AS name");
  const { properties: has } = found;
  const isOurs =
    isMadeName(creation.name) &&
    !found.allowsConnections &&
    has.comment === null &&
    has.owner === asked?.name &&
    LIKE.every((key) => has[key] === creation.like[key]);
  if (!isOurs) exists(creation.name);
}

const LIKE = ["encoding", "collate", "ctype", "localeProvider", "icuLocale", "icuRules"] as const;

function exists(name: string): never {
  return fail("DATABASE_EXISTS", `the name ${name} is taken`, {
    fix: `look whose it is:\nSELECT oid, pg_get_userbyid(datdba), shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = ${escapeLiteral(name)};`,
  });
}

/** Writes the note, shuts everyone out but the owner, and only then allows connections: all of it or nothing. */
async function open(session: Session, { name, note }: Creation): Promise<number> {
  const database = escapeIdentifier(name);
  await session.query("BEGIN");
  await session.query(`COMMENT ON DATABASE ${database} IS ${escapeLiteral(renderNote(note))}`);
  // the comment's lock keeps the database from being changed until the end of the transaction
  const row = await readDatabaseRow(session, name);
  if (row === null || row.allowsConnections) return exists(name);
  await session.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${database} FROM PUBLIC`);
  await session.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`);
  await session.query("COMMIT");
  return row.oid;
}
