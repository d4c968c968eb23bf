import type { AsidePlace } from "../../../ports/in-place-target.ts";
import type { Load, NamedDatabase } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { freshOf, mustBe, schemasNow } from "../in-place/aside-state.ts";
import { type AdminAccess, inSession } from "../restore-target/admin-access.ts";
import type { Session } from "../session.ts";
import type { Target } from "../target.ts";

/** The database of a load, as it is before anything is in it. */
export interface TargetDatabase {
  readonly target: Target;
  readonly serverMajor: number;
}

/**
 * Connects to it and looks that it is this database, and that nothing is in it: nothing is ever loaded over existing data.
 * TARGET_CHANGED otherwise. Gives a target whose options are those of a load.
 */
export async function openTargetDatabase(
  access: AdminAccess,
  { into: database, inPlace }: Pick<Load, "into" | "inPlace">,
  signal: AbortSignal,
): Promise<TargetDatabase> {
  return inSession(access, database.name, signal, async (session, target) => {
    const [row] = await session.query<Row>(LOOK);
    if (row === undefined) return fail("INTERNAL", "no row of the target database");
    assertSame(database, row.oid);
    const content =
      inPlace === undefined ? row.content : await contentBeside(session, { database, ...inPlace });
    if (content !== null)
      return fail("TARGET_CHANGED", `${database.name} is not empty: it has ${content}`, {
        fix: "apply again: what was not loaded to its end is put away, and loaded anew",
        final: false,
      });
    const { major: serverMajor } = row;
    return { target: { ...target, options: optionsOf(target, row) }, serverMajor };
  });
}

/** What stands where a restore in place is to load; only while its marker says that everything was moved aside for it. */
async function contentBeside(session: Session, place: AsidePlace): Promise<string | null> {
  const note = await mustBe(session, place, ["aside"]);
  const found = freshOf(note, await schemasNow(session)).find(({ holdsOwn }) => holdsOwn);
  return found === undefined ? null : `something in the schema ${found.name}`;
}

/** TARGET_CHANGED when another database has the name by now. */
export async function assertStillSame(
  access: AdminAccess,
  database: NamedDatabase,
  signal: AbortSignal,
): Promise<void> {
  await inSession(access, database.name, signal, async (session) => {
    const [row] = await session.query<Pick<Row, "oid">>(OID);
    assertSame(database, row?.oid);
  });
}

interface Row {
  readonly oid: number;
  readonly major: number;
  readonly mayspeakenglish: boolean;
  readonly content: string | null;
}

/** 16384 is the first oid that the server gives after initdb; `public` and plpgsql are older. */
const LOOK = `
  SELECT d.oid::pg_catalog.int8::pg_catalog.float8 AS oid,
    pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000 AS major,
    r.rolsuper AND pg_catalog.current_setting('lc_messages') !~ '^(C|POSIX|en)' AS mayspeakenglish,
    (SELECT pg_catalog.format('the relation %I.%I', n.nspname, c.relname)
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid >= 16384 AND n.nspname !~ '^pg_' LIMIT 1) AS content
  FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
  WHERE d.datname = pg_catalog.current_database() AND r.rolname = current_user`;
const OID = `
  SELECT oid::pg_catalog.int8::pg_catalog.float8 AS oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`;

function assertSame(database: NamedDatabase, oid: number | undefined): void {
  if (oid === database.oid) return;
  fail("TARGET_CHANGED", `${database.name} has the oid ${oid} and not ${database.oid}`, {
    fix: "plan the restore again",
  });
}

/**
 * What the role or the database sets for sessions does not count. No wait for the disk after each statement is safe: the
 * load counts for nothing until a note of it is committed, which waits for all that was written before it.
 */
function optionsOf(target: Target, { major, mayspeakenglish }: Row): string {
  return [
    ...(target.options === null ? [] : [target.options]),
    ...["-c default_transaction_read_only=off", "-c synchronous_commit=off"],
    ...(major >= 14 ? ["-c idle_session_timeout=0"] : []),
    ...(mayspeakenglish ? ["-c lc_messages=C"] : []), // a deadlock is told by its message
  ].join(" ");
}
