import type { AsideNote } from "../../../model/in-place.ts";
import type { AsidePlace } from "../../../ports/in-place-target.ts";
import type { AdminAccess } from "../restore-target/admin-access.ts";
import { movedAs, mustBe, schemasNow } from "./aside-state.ts";
import { changeInside, endOthers, type Inside } from "./change-inside.ts";
import { openDatabase } from "./doors.ts";
import { ownOf, putAway, removeLargeObjects } from "./give-up-load.ts";
import { moveExtension, renameAll, writeNote } from "./move-aside.ts";

/** As `InPlaceTarget.setLoaded`. */
export function setLoaded(access: AdminAccess, place: AsidePlace, signal: AbortSignal): Promise<void> {
  return changeInside(
    access,
    place,
    async ({ session }) => {
      const note = await mustBe(session, place, ["aside", "loaded"]);
      await writeNote(session, place.marker, { ...note, state: "loaded" });
    },
    signal,
  );
}

/** As `InPlaceTarget.keep`. */
export function keepLoaded(access: AdminAccess, place: AsidePlace, signal: AbortSignal): Promise<void> {
  const keep = async (inside: Inside): Promise<void> => {
    const note = await mustBe(inside.session, place, ["loaded", "kept"]);
    if (note.state !== "kept") await end(inside, place, { ...note, state: "kept" });
  };
  return changeInside(access, place, keep, signal);
}

/** As `InPlaceTarget.moveBack`. */
export async function moveBack(access: AdminAccess, place: AsidePlace, signal: AbortSignal): Promise<void> {
  await removeLargeObjects(access, place, ["aside", "loaded", "back"], signal);
  await changeInside(access, place, (inside) => back(inside, place), signal);
}

async function back(inside: Inside, place: AsidePlace): Promise<void> {
  const { session } = inside;
  const open = ["aside", "loaded", "back"] as const;
  if ((await mustBe(session, place, open)).state === "back") return;
  await endOthers(inside, place);
  const now = await schemasNow(session);
  const note = await mustBe(session, place, open); // another run may have come to COMMIT in between
  if (note.state === "back") return;
  const renames = movedAs(note, place.marker, now);
  await putAway(session, { place, note, now, left: ownOf(note, now) });
  await renameAll(session, renames);
  for (const { name, schema } of note.extensions) await moveExtension(session, name, schema);
  await end(inside, place, { ...note, state: "back" });
}

/** Everybody may come in again. */
async function end(inside: Inside, place: AsidePlace, note: AsideNote): Promise<void> {
  await openDatabase(inside, place.database.name, note);
  await writeNote(inside.session, place.marker, note);
}
