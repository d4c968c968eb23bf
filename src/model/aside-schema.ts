import { sha256 } from "./canonical.ts";
import type { AsideNote, LooseObject } from "./in-place.ts";
import { MOVES } from "./schema-moves-shape.ts";
import { instant, listOf, type Members, nullable, object, oneOf, text } from "./shape.ts";

const NAME = /^dbops_[0-9a-f]{8}_(old|part)(_\d+)?$/;

/** The name of the schema that tells about a restore in place; also how the names of what it moves begin. */
export function markerName(seed: string): string {
  return `dbops_${sha256(seed).slice(0, 8)}_old`;
}

/** The name of the n-th schema that was moved, counted from 1. */
export function asideName(marker: string, n: number): string {
  return `${marker}_${n}`;
}

/** The name of the n-th schema that a load left which was given up. */
export function partName(marker: string, n: number): string {
  return `${marker.replace(/_old$/, "_part")}_${n}`;
}

export function isMadeSchema(name: string): boolean {
  return NAME.test(name);
}

/** How a note names something that stands in no schema. */
export function looseText({ type, name }: Pick<LooseObject, "type" | "name">): string {
  return `${type} ${name}`;
}

/** A schema comment: a sentence for people, then on a line of its own the same as JSON, since a name may hold anything. */
export function renderAsideNote(note: AsideNote): string {
  return `${sentenceOf(note)}\n${JSON.stringify(note)}`;
}

/** null for a comment that dbops did not write. */
export function parseAsideNote(comment: string | null): AsideNote | null {
  const json = comment?.slice(comment.lastIndexOf("\n") + 1) ?? "";
  try {
    const read: unknown = JSON.parse(json);
    return NOTE(read) === null ? (read as AsideNote) : null; // just looked at
  } catch {
    return null;
  }
}

const MEMBERS: Members<AsideNote> = {
  state: oneOf("aside", "loaded", "kept", "back"),
  environment: text,
  database: text,
  backup: text,
  plan: text,
  movedAt: instant,
  privileges: nullable(object({ owner: text, items: nullable(listOf(text)) })),
  loose: listOf(text),
  ...MOVES,
};

const NOTE = object(MEMBERS);

function sentenceOf({ state, environment, database, backup, movedAt, schemas }: AsideNote): string {
  const of = `${database} of ${environment}`;
  const which = schemas.map(({ name }, index) => `${name} is …_${index + 1}`).join(", ");
  switch (state) {
    case "aside":
      return `dbops is loading ${backup} over ${of}, whose schemas were moved aside on ${movedAt}: ${which}`;
    case "loaded":
      return `dbops loaded ${backup} over ${of}, whose schemas were moved aside on ${movedAt}: ${which}`;
    case "kept":
      return `${of} until ${movedAt}, when ${backup} took its place: ${which}`;
    case "back":
      return `a restore of ${backup} over ${of} was given up: what it loaded is in the …_part schemas`;
  }
}
