import type { InPlaceTarget } from "../../../ports/in-place-target.ts";
import { type AdminAccess, inSession } from "../restore-target/admin-access.ts";
import { readAsideNote } from "./aside-state.ts";
import { clearLoad } from "./give-up-load.ts";
import { inspectInside } from "./inspect-inside.ts";
import { moveAside } from "./move-aside.ts";
import { keepLoaded, moveBack, setLoaded } from "./move-back.ts";

/** The port, for one server. */
export function openInPlace(access: AdminAccess): InPlaceTarget {
  return {
    inspect: (database, signal) => inspectInside(access, database, signal),
    find: ({ name, marker }, signal) =>
      inSession(access, name, signal, (session) => readAsideNote(session, marker)),
    moveAside: (aside, signal) => moveAside(access, aside, signal),
    clear: (place, signal) => clearLoad(access, place, signal),
    setLoaded: (place, signal) => setLoaded(access, place, signal),
    keep: (place, signal) => keepLoaded(access, place, signal),
    moveBack: (place, signal) => moveBack(access, place, signal),
  };
}
