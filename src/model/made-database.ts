import { digestOf, sha256 } from "./canonical.ts";
import type { MadeNote } from "./restore-target.ts";

const NAME = /^dbops_[0-9a-f]{8}_(side|old)$/;

/** The names of a restore's databases. Short: PostgreSQL cuts names of more than 63 bytes, and two became one. */
export function madeNames(seed: string): { readonly side: string; readonly old: string } {
  const digits = sha256(seed).slice(0, 8);
  return { side: `dbops_${digits}_side`, old: `dbops_${digits}_old` };
}

/** The id of the hold that the restore which made a database of this name placed on its backup. */
export function holdOf(madeName: string): string {
  return `restore-${madeName.slice("dbops_".length, "dbops_01234567".length)}`;
}

/** True for an id that `holdOf` gives. */
export function isPin(hold: string): boolean {
  return /^restore-[0-9a-f]{8}$/.test(hold);
}

/** True for the key of such a hold, in either layout. */
export function isPinKey(key: string): boolean {
  return /[/.]hold[/.]restore-[0-9a-f]{8}(\.json)?$/.test(key);
}

export function isMadeName(name: string): boolean {
  return NAME.test(name);
}

/** The texts of entries that failed in a load, as one digest: a comment has no room for thousands of them. */
export function failedDigest(entries: readonly string[]): string {
  return digestOf([...new Set(entries)].sort());
}

/** A database comment: a sentence for people, then the same as JSON. */
export function renderNote(note: MadeNote): string {
  return `${sentenceOf(note)} | ${JSON.stringify(note)}`;
}

/** null for a comment that dbops did not write. */
export function parseNote(comment: string | null): MadeNote | null {
  const json = comment === null ? undefined : / \| (\{.*\})$/.exec(comment)?.[1];
  if (json === undefined) return null;
  try {
    const read = JSON.parse(json) as Partial<Record<keyof MadeNote, unknown>>; // looked at below
    const { state, environment, database, backup, plan, replacedAt = null, keptAs, failed } = read;
    if (state !== "side" && state !== "partial" && state !== "loaded" && state !== "old") return null;
    if (typeof environment !== "string" || typeof database !== "string") return null;
    if (typeof backup !== "string" || typeof plan !== "string") return null;
    if (replacedAt !== null && typeof replacedAt !== "string") return null;
    const kept = typeof keptAs === "string" ? { keptAs } : {};
    const lacking = typeof failed === "string" ? { failed } : {};
    return { state, environment, database, backup, plan, replacedAt, ...kept, ...lacking };
  } catch {
    return null;
  }
}

function sentenceOf({ state, environment, database, backup, replacedAt }: MadeNote): string {
  const of = `${database} of ${environment}`;
  switch (state) {
    case "side":
      return `dbops is loading ${of} here, from ${backup}`;
    case "partial":
      return `dbops loaded ${of} here, from ${backup}, but for what failed`;
    case "loaded":
      return `dbops loaded ${of} here, from ${backup}`;
    case "old":
      return `${of} until ${replacedAt}, when ${backup} took its place`;
  }
}
