import { asideName, isMadeSchema, parseAsideNote } from "../../../model/aside-schema.ts";
import type { AsideNote, NamedSchema } from "../../../model/in-place.ts";
import type { AsidePlace } from "../../../ports/in-place-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import type { Session } from "../session.ts";
import { HOLDS_OWN, IS_OF_DATABASE } from "./catalog.ts";

/** A schema as it is at this moment. */
export interface SchemaNow extends NamedSchema {
  /** Something stands in it that no extension made. */
  readonly holdsOwn: boolean;
  /** This role has the rights of its owner. */
  readonly isOwned: boolean;
}

/** All but the system's own, sorted by name. */
export function schemasNow(session: Session): Promise<readonly SchemaNow[]> {
  return session.query<SchemaNow>(SCHEMAS);
}

const SCHEMAS = `
  SELECT n.nspname::text AS name, n.oid::int8::float8 AS oid, ${HOLDS_OWN} AS "holdsOwn",
    pg_catalog.pg_has_role(n.nspowner, 'USAGE') AS "isOwned"
  FROM pg_catalog.pg_namespace n WHERE ${IS_OF_DATABASE} ORDER BY n.nspname::text COLLATE "C"`;

/**
 * Those that a load made, or that are made anew for it: neither the application's old ones nor any that stay. What it makes belongs to
 * roles that the admin role is a member of; others' schemas are not its own, and are left alone when it is given up.
 */
export function freshOf(note: AsideNote, schemas: readonly SchemaNow[]): readonly SchemaNow[] {
  const stays = new Set(note.stays.map(({ name }) => name));
  return schemas.filter(({ name }) => !stays.has(name) && !isMadeSchema(name));
}

/** null: there is no such schema, or its comment is none that dbops wrote. */
export async function readAsideNote(session: Session, marker: string): Promise<AsideNote | null> {
  return parseAsideNote((await commentOf(session, marker))?.comment ?? null);
}

/**
 * The marker of this plan, in one of these states; null: there is no such schema. TARGET_CHANGED where it is in another state, of another
 * plan, or nobody's.
 */
export async function plannedNote(
  session: Session,
  { marker, plan, database }: AsidePlace,
  states: readonly AsideNote["state"][],
): Promise<AsideNote | null> {
  const found = await commentOf(session, marker);
  if (found === null) return null;
  const note = parseAsideNote(found.comment);
  if (note?.plan === plan && states.includes(note.state)) return note;
  const what =
    note === null
      ? "has a comment that dbops did not write"
      : note.plan === plan
        ? `says that this restore is ${STATE_TEXTS[note.state]}`
        : `is of plan ${note.plan.slice(0, 12)}`;
  return fail("TARGET_CHANGED", `the schema ${marker} in ${database.name} ${what}`, {
    fix: "look at it, then plan the restore again",
  });
}

const STATE_TEXTS: Readonly<Record<AsideNote["state"], string>> = {
  aside: "being loaded",
  loaded: "loaded",
  kept: "over, and what it loaded is in use",
  back: "over, and everything has its name again",
};

/** As `plannedNote`; TARGET_CHANGED also where there is none. */
export async function mustBe(
  session: Session,
  place: AsidePlace,
  states: readonly AsideNote["state"][],
): Promise<AsideNote> {
  const note = await plannedNote(session, place, states);
  if (note !== null) return note;
  return fail("TARGET_CHANGED", `there is no schema ${place.marker} in ${place.database.name} any more`, {
    fix: "look who removed it, and what became of the schemas beside it, then plan the restore again",
  });
}

/** The schema that was moved, under the name that it has now; TARGET_CHANGED where somebody renamed or dropped it. */
export function movedAs(
  { schemas }: AsideNote,
  marker: string,
  now: readonly SchemaNow[],
): readonly { readonly from: string; readonly to: string }[] {
  return schemas.map(({ name, oid }, index) => {
    const aside = asideName(marker, index + 1);
    const found = now.find((one) => one.oid === oid);
    if (found?.name === aside) return { from: aside, to: name };
    const what = found === undefined ? "is gone" : `is called ${found.name}`;
    return fail("TARGET_CHANGED", `the schema ${name}, which was moved to ${aside}, ${what}`, {
      fix: "look who changed it; schemas are renamed back by hand: ALTER SCHEMA … RENAME TO …;",
    });
  });
}

/** What the marker of a restore in place says that is not over; null: there is none. */
export async function openNote(session: Session): Promise<AsideNote | null> {
  const markers = await session.query<{ comment: string | null }>(MARKERS);
  const notes = markers.flatMap(({ comment }) => parseAsideNote(comment) ?? []);
  return notes.find(({ state }) => state === "aside" || state === "loaded") ?? null;
}

const MARKERS = `
  SELECT pg_catalog.obj_description(oid, 'pg_namespace') AS comment FROM pg_catalog.pg_namespace
  WHERE nspname ~ '^dbops_[0-9a-f]{8}_old$'`;

/** RESTORE_BLOCKED while a restore in place by another plan is not over: what it loads would be taken for the application's. */
export async function refuseUnfinished(
  session: Session,
  { database, plan }: Pick<AsidePlace, "database"> & { readonly plan: string | null },
): Promise<void> {
  const open = await openNote(session);
  if (open === null || open.plan === plan) return;
  const detail = `${database.name} is being restored in place, from ${open.backup}, by plan ${open.plan.slice(0, 12)}: that comes first to its end`;
  fail("RESTORE_BLOCKED", detail, { fix: `dbops apply ${open.plan}` });
}

async function commentOf(
  session: Session,
  marker: string,
): Promise<{ readonly comment: string | null } | null> {
  const [row] = await session.query<{ comment: string | null }>(
    "SELECT pg_catalog.obj_description(oid, 'pg_namespace') AS comment FROM pg_catalog.pg_namespace WHERE nspname = $1::text",
    [marker],
  );
  return row ?? null;
}
