import { looseText, partName } from "../../../model/aside-schema.ts";
import type { AsideNote, NamedSchema } from "../../../model/in-place.ts";
import type { AsidePlace } from "../../../ports/in-place-target.ts";
import type { AdminAccess } from "../restore-target/admin-access.ts";
import type { Session } from "../session.ts";
import { freshOf, mustBe, type SchemaNow, schemasNow } from "./aside-state.ts";
import { changeInside, endOthers, type Inside } from "./change-inside.ts";
import { looseNow, makeSchema, moveExtension, renameAll, writeNote } from "./move-aside.ts";

/** Each takes a lock until the end of its transaction. */
const LARGE_OBJECTS_AT_ONCE = 500;

/** As `InPlaceTarget.clear`. */
export async function clearLoad(access: AdminAccess, place: AsidePlace, signal: AbortSignal): Promise<void> {
  await removeLargeObjects(access, place, ["aside"], signal);
  await changeInside(access, place, (inside) => clear(inside, place), signal);
}

async function clear(inside: Inside, place: AsidePlace): Promise<void> {
  const { session } = inside;
  const note = await mustBe(session, place, ["aside"]);
  await endOthers(inside, place); // a killed load may still be at a statement
  const now = await schemasNow(session);
  const made = new Set(note.made.map(({ name }) => name));
  const left = ownOf(note, now).filter(({ name, holdsOwn }) => holdsOwn || !made.has(name));
  await putAway(session, { place, note, now, left });
  const standing = new Set((await schemasNow(session)).map(({ name }) => name));
  for (const one of note.made) if (!standing.has(one.name)) await makeSchema(session, one);
  await bringExtensions(session, note, left);
}

/**
 * The large objects of a load that was given up: they are in no schema and cannot be renamed. Only where there were none before, and where
 * nobody else could make one meanwhile.
 */
export async function removeLargeObjects(
  access: AdminAccess,
  place: AsidePlace,
  states: readonly AsideNote["state"][],
  signal: AbortSignal,
): Promise<void> {
  const some = async ({ session }: Inside): Promise<boolean> => {
    const note = await mustBe(session, place, states);
    if (note.state === "back" || note.hasLargeObjects || !note.closes) return false;
    const removed = await session.query(
      `SELECT lo_unlink(oid) FROM (SELECT oid FROM pg_largeobject_metadata LIMIT ${LARGE_OBJECTS_AT_ONCE}) AS batch`,
    );
    // from now on it is not whole, whatever becomes of this run
    if (removed.length > 0 && note.state === "loaded")
      await writeNote(session, place.marker, { ...note, state: "aside" });
    return removed.length === LARGE_OBJECTS_AT_ONCE;
  };
  while (await changeInside(access, place, some, signal));
}

/** The schemas of a load. */
export function ownOf(note: AsideNote, now: readonly SchemaNow[]): readonly SchemaNow[] {
  return freshOf(note, now).filter(({ isOwned }) => isOwned);
}

export interface Left {
  readonly place: AsidePlace;
  readonly note: AsideNote;
  readonly now: readonly SchemaNow[];
  /** The schemas that go. */
  readonly left: readonly SchemaNow[];
}

/**
 * Renames what a load left to `partName`, and removes what it made beside schemas and cannot be renamed, extensions among it. That takes along
 * what uses it in those schemas, and nothing of the application, which had it never.
 */
export async function putAway(session: Session, { place, note, now, left }: Left): Promise<void> {
  const before = new Set(note.loose);
  const added = (await looseNow(session)).filter((one) => !before.has(looseText(one)));
  for (const { drop } of added) await session.query(drop);
  await unpublish(session, left);
  const taken = new Set(now.map(({ name }) => name));
  let n = 0;
  const renames = left.map(({ name }) => {
    do n += 1;
    while (taken.has(partName(place.marker, n)));
    return { from: name, to: partName(place.marker, n) };
  });
  await renameAll(session, renames);
}

/** Tables that the load added to publications that were there before. */
async function unpublish(session: Session, left: readonly NamedSchema[]): Promise<void> {
  const found = await session.query<{ sql: string }>(PUBLISHED, [left.map(({ oid }) => oid)]);
  for (const { sql } of found) await session.query(sql);
}

const PUBLISHED = `
  SELECT format('ALTER PUBLICATION %I DROP TABLE ONLY %I.%I', p.pubname, n.nspname, c.relname) AS sql
  FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
  JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.oid = ANY ($1::oid[]) ORDER BY 1`;

/** Extensions that were moved along, out of what was put away, to where the next load expects them. */
async function bringExtensions(
  session: Session,
  { extensions }: AsideNote,
  left: readonly NamedSchema[],
): Promise<void> {
  const gone = new Set(left.map(({ name }) => name));
  for (const { name, schema } of extensions) if (gone.has(schema)) await moveExtension(session, name, schema);
}
