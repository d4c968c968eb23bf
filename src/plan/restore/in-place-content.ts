import type { ArchiveEntry } from "../../model/archive-contents.ts";
import { looseText } from "../../model/aside-schema.ts";
import { isDataEntry } from "../../model/data-entry.ts";
import type { DatabaseInside } from "../../model/in-place.ts";
import { type Owner, subjectName, subjectOf } from "./entry-owner.ts";
import { type InPlaceCase, schemaOf } from "./in-place-case.ts";

/** Why an entry is not loaded into a database in which something stays. */
export interface InPlaceReason {
  readonly why: string;
  /** It is data, which is given up only by name. */
  readonly isByName: boolean;
}

/** null: it is loaded. */
export function whyNotInPlace(
  entry: ArchiveEntry,
  owner: Owner,
  { inside, moves, stays, schemas }: InPlaceCase,
): InPlaceReason | null {
  const schema = schemaOf(entry, schemas) ?? schemaAbout(entry, owner);
  const staying = schema === null ? undefined : stays.get(schema);
  if (schema !== null && staying !== undefined)
    return reason(entry, `the schema ${schema} stays: ${staying.why}`, staying.isOfExtension);
  if (entry.type === "SCHEMA" && isMade(entry, owner, moves.made))
    return reason(entry, "it is made before the load, for the extension that goes along", false);
  if (isOfExtension(entry, inside.extensionTables))
    return reason(entry, "it is an extension's, which stays with its data", true);
  if (isLargeObject(entry)) {
    const why = whyNoLargeObjects(inside.hasLargeObjects, moves.closes);
    return why === null ? null : reason(entry, why, true);
  }
  return isThere(entry, owner, new Set(inside.loose.map(looseText)))
    ? reason(entry, "it stands in no schema, is there and stays", false)
    : null;
}

function reason(entry: ArchiveEntry, why: string, givesUpData: boolean): InPlaceReason {
  return { why, isByName: givesUpData && isDataEntry(entry.text) };
}

/** The schema that the entry makes, or that a privilege, a comment or a label is about. */
function schemaAbout(entry: ArchiveEntry, owner: Owner): string | null {
  if (entry.type === "SCHEMA") return subjectName(entry, owner);
  if (subjectOf(entry, ["SCHEMA"]) === null) return null;
  return subjectName(entry, owner).slice("SCHEMA ".length);
}

/** That of `public` is kept: it makes nothing, and says whose it is. */
function isMade(entry: ArchiveEntry, owner: Owner, made: InPlaceCase["moves"]["made"]): boolean {
  const name = subjectName(entry, owner);
  return name !== "public" && made.some((one) => one.name === name);
}

/** Rows and positions of what an extension made, which pg_dump has where the extension says so. */
function isOfExtension(entry: ArchiveEntry, tables: DatabaseInside["extensionTables"]): boolean {
  if (entry.type !== "TABLE DATA" && entry.type !== "SEQUENCE SET") return false;
  return tables.some(({ schema, name }) => entry.rest.startsWith(`${schema} ${name} `));
}

const LARGE_OBJECTS = ["BLOB", "BLOBS", "BLOB DATA", "BLOB METADATA"];

function isLargeObject(entry: ArchiveEntry): boolean {
  return LARGE_OBJECTS.includes(entry.type) || subjectOf(entry, ["LARGE OBJECT", "LARGE OBJECTS"]) !== null;
}

function whyNoLargeObjects(areThere: boolean, closes: boolean): string | null {
  if (areThere) return "large objects stand in no schema: those that are there stay, and may have its number";
  if (!closes)
    return "the database cannot be closed: nothing could tell them from an application's, were it given up";
  return null;
}

/** What an archive calls some of them, where it says who may use them. */
const ALSO_CALLED: readonly (readonly [string, string])[] = [
  ["FOREIGN SERVER ", "SERVER "],
  ["LANGUAGE ", "PROCEDURAL LANGUAGE "],
];

function isThere(entry: ArchiveEntry, owner: Owner, loose: ReadonlySet<string>): boolean {
  if (schemaless(entry) === null) return false;
  const name = subjectName(entry, owner);
  if (loose.has(`${entry.type} ${name}`)) return true;
  if (entry.type !== "ACL" && entry.type !== "COMMENT" && entry.type !== "SECURITY LABEL") return false;
  const also = ALSO_CALLED.find(([short]) => name.startsWith(short));
  // a comment on a cast is about `CAST (a AS b)`, which is its whole name
  return [name, `CAST ${name}`, also === undefined ? name : also[1] + name.slice(also[0].length)].some(
    (one) => loose.has(one),
  );
}

function schemaless(entry: ArchiveEntry): string | null {
  return entry.rest.startsWith("- ") ? entry.rest : null;
}
