import type { AsideNote, DatabaseInside, SchemaMoves } from "../model/in-place.ts";
import type { NamedDatabase } from "./restore-target.ts";

/**
 * A database that is restored in place: its schemas are renamed aside and stay, for a server on which the admin role may not
 * create databases. A marker schema tells in its comment how far that is. Each change is one transaction in the database itself, tried again
 * with a bound while others are in the way; one that has happened already resolves. TARGET_CHANGED when the database has
 * another oid, or the marker is not this plan's or in no state that the change goes on from; SWAP_FAILED when it did not get through.
 */
export interface InPlaceTarget {
  /** Looks, and changes nothing. */
  inspect(database: NamedDatabase, signal: AbortSignal): Promise<DatabaseInside>;

  /** null: there is no such schema, or its comment is none that dbops wrote. */
  find(
    place: { readonly name: string; readonly marker: string },
    signal: AbortSignal,
  ): Promise<AsideNote | null>;

  /**
   * Makes the marker, closes the database where that was planned, ends all other sessions, renames schemas, makes those anew
   * that are to be, and moves extensions there. TARGET_CHANGED where schemas are not those that were planned. After it nobody is
   * left in a database that was closed but superusers' sessions: those that this role could not end, in words.
   */
  moveAside(aside: Aside, signal: AbortSignal): Promise<readonly string[]>;

  /** After it the database is as `moveAside` left it: what a load made is renamed to `partName`, or removed where it stands in no schema. */
  clear(place: AsidePlace, signal: AbortSignal): Promise<void>;

  /** From `aside`: the marker says that all was loaded. */
  setLoaded(place: AsidePlace, signal: AbortSignal): Promise<void>;

  /** From `loaded`: what was loaded stays, and whoever could connect before can again. */
  keep(place: AsidePlace, signal: AbortSignal): Promise<void>;

  /** From `aside` and `loaded`: clears away what was loaded, and gives everything the name that it had. */
  moveBack(place: AsidePlace, signal: AbortSignal): Promise<void>;
}

export interface AsidePlace {
  readonly database: NamedDatabase;
  readonly marker: string;
  /** Digest of the plan that the marker must be of. */
  readonly plan: string;
}

export interface Aside extends AsidePlace {
  readonly moves: SchemaMoves;
  readonly of: Pick<AsideNote, "environment" | "database" | "backup">;
}
