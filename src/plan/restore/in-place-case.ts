import type { ArchiveEntry } from "../../model/archive-contents.ts";
import { isMadeSchema, markerName } from "../../model/aside-schema.ts";
import type { Platform } from "../../model/environment.ts";
import type { DatabaseInside, MadeSchema, SchemaInside, SchemaMoves } from "../../model/in-place.ts";
import { isPlatformSchema } from "../../model/platform-schemas.ts";
import type { TargetFacts } from "../../model/restore-target.ts";
import { ownersAmong, subjectName } from "./entry-owner.ts";
import { majorOf } from "./restore-case.ts";

/** A live database that is restored in place. */
export interface InPlaceCase {
  readonly inside: DatabaseInside;
  readonly moves: SchemaMoves;
  /** Why each schema stays that does. */
  readonly stays: ReadonlyMap<string, StayingSchema>;
  /** All schemas that an entry of the archive may stand in. */
  readonly schemas: readonly string[];
}

export interface StayingSchema {
  readonly why: string;
  /** What stands in it is an extension's: data of the archive for it is given up by name. */
  readonly isOfExtension: boolean;
}

/** What is known when the schemas of a database are sorted. */
export interface Sorting {
  readonly inside: DatabaseInside;
  readonly entries: readonly ArchiveEntry[];
  /** Roles of the server and of the backup. */
  readonly roles: readonly string[];
  readonly target: TargetFacts;
  readonly platform: Platform | null;
}

/** Decides which schemas move, and what has to be made in their place. */
export function inPlaceCase(sorting: Sorting): InPlaceCase {
  const { inside } = sorting;
  const archived = archivedSchemas(sorting);
  const schemas = [...new Set(["public", ...archived.keys(), ...inside.schemas.map(({ name }) => name)])];
  const filled = new Set(sorting.entries.flatMap((entry) => schemaOf(entry, schemas) ?? []));
  const stays = new Map<string, StayingSchema>();
  for (const one of inside.schemas) {
    const why = whyStays(one, { ...sorting, filled });
    if (why !== null) stays.set(one.name, why);
  }
  for (const name of archived.keys()) // of a backup that was made while they stood there
    if (isMadeSchema(name)) stays.set(name, { why: PUT_ASIDE, isOfExtension: false });
  const moved = inside.schemas.filter(({ name }) => !stays.has(name));
  const names = new Set(moved.map(({ name }) => name));
  const extensions = inside.extensions.filter(({ schema }) => names.has(schema));
  const moves: SchemaMoves = {
    schemas: moved.map(named),
    stays: inside.schemas.filter(({ name }) => stays.has(name)).map(named),
    made: madeSchemas(sorting, { moved, extensions, archived }),
    extensions: extensions.map(({ name, schema }) => ({ name, schema })),
    closes: inside.canClose,
    hasLargeObjects: inside.hasLargeObjects,
  };
  return { inside, moves, stays, schemas };
}

const PUT_ASIDE = "an earlier restore in place moved it aside";

/** The marker of a plan; the same seed gives the same name. */
export function markerFor(seed: string): string {
  return markerName(seed);
}

/**
 * The schema that an entry stands in, of those that are known: the longest, since names may hold spaces. null: it stands in
 * none, or is about a schema.
 */
export function schemaOf(entry: ArchiveEntry, schemas: readonly string[]): string | null {
  if (entry.rest.startsWith("- ")) return null;
  const found = schemas.filter((name) => entry.rest.startsWith(`${name} `));
  return found.sort((a, b) => b.length - a.length)[0] ?? null;
}

/** Schemas that the archive makes, and who is to own them; null: nobody that is known. */
function archivedSchemas({ entries, roles }: Sorting): ReadonlyMap<string, string | null> {
  const ownerOf = ownersAmong(roles);
  return new Map(
    entries
      .filter((entry) => entry.type === "SCHEMA")
      .map((entry) => {
        const owner = ownerOf(entry);
        return [subjectName(entry, owner), owner.state === "known" ? owner.role : null];
      }),
  );
}

function whyStays(
  { name, extension, holdsOwn }: SchemaInside,
  { platform, inside, filled }: Sorting & { readonly filled: ReadonlySet<string> },
): StayingSchema | null {
  if (isMadeSchema(name)) return { why: PUT_ASIDE, isOfExtension: false };
  if (isPlatformSchema(platform, name)) return { why: `it belongs to ${platform}`, isOfExtension: false };
  if (extension !== null) return { why: `the extension ${extension} made it`, isOfExtension: true };
  const held = inside.extensions.filter(({ schema }) => schema === name).map((one) => one.name);
  if (name === "public" || holdsOwn || held.length === 0 || filled.has(name)) return null;
  return { why: `it holds nothing but the extension ${held.join(", ")}`, isOfExtension: true };
}

interface Moving {
  readonly moved: readonly SchemaInside[];
  readonly extensions: DatabaseInside["extensions"];
  /** Schemas that the archive makes, and their owners. */
  readonly archived: ReadonlyMap<string, string | null>;
}

/** `public`, which no archive makes, and where an extension has to be before the load. */
function madeSchemas(sorting: Sorting, { moved, extensions, archived }: Moving): readonly MadeSchema[] {
  const { role } = sorting.target;
  const housing = [...new Set(extensions.map(({ schema }) => schema))].filter((name) => name !== "public");
  const usable = (owner: string | null | undefined) =>
    owner !== null && owner !== undefined && (role.isSuperuser || role.memberOf.includes(owner))
      ? owner
      : null;
  const ownerNow = (name: string) => moved.find((one) => one.name === name)?.owner;
  return [
    { name: "public", owner: ownerOfPublic(sorting, usable(ownerNow("public"))) },
    ...housing.sort().map((name) => ({ name, owner: usable(archived.get(name)) ?? usable(ownerNow(name)) })),
  ];
}

/** As in a new database, where the role may make it so. From version 15 on the owner of the database has it. */
function ownerOfPublic({ inside, target }: Sorting, now: string | null): string | null {
  return majorOf(target.serverVersion) >= 15 && inside.canClose ? "pg_database_owner" : now;
}

function named({ name, oid }: SchemaInside): { readonly name: string; readonly oid: number } {
  return { name, oid };
}
