import type { ArchiveEntry } from "../../model/archive-contents.ts";

/** Types that have no owner; the line of pg_restore ends with their name. */
const OWNERLESS = new Set([
  "BLOBS",
  "CAST",
  "ENCODING",
  "EXTENSION",
  "SEARCHPATH",
  "STDSTRINGS",
  "TRANSFORM",
]);
/** Types whose line is about another object; see `subjectOf`. */
const ABOUT = new Set(["ACL", "COMMENT", "SECURITY LABEL"]);

/** Finds owners of entries: schema, name and owner may all hold spaces, so the longest known role at the end is it. */
export function ownersAmong(roles: readonly string[]): (entry: ArchiveEntry) => Owner {
  const longestFirst = [...new Set(roles)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  return (entry) => {
    if (isOwnerless(entry)) return { state: "none" };
    const role = longestFirst.find((one) => entry.rest === one || entry.rest.endsWith(` ${one}`));
    if (role !== undefined) return { state: "known", role };
    const last = entry.rest.split(" ").at(-1) ?? "";
    return last === "" ? { state: "none" } : { state: "guessed", role: last };
  };
}

export type Owner =
  | { readonly state: "none" }
  | { readonly state: "known"; readonly role: string }
  /** No role of that name is known anywhere: the last word. */
  | { readonly state: "guessed"; readonly role: string };

/** The type of object that a comment, a privilege or a label is about, where it has no schema: `EXTENSION`; else null. */
export function subjectOf(entry: ArchiveEntry, types: readonly string[]): string | null {
  if (!ABOUT.has(entry.type)) return null;
  return types.find((type) => entry.rest.startsWith(`- ${type} `)) ?? null;
}

/** What an entry is about, without its owner: `public users`, `citext`. */
export function subjectName(entry: ArchiveEntry, owner: Owner): string {
  const rest =
    owner.state === "none" ? entry.rest.trimEnd() : entry.rest.slice(0, -owner.role.length).trimEnd();
  return rest.replace(/^- /, "");
}

function isOwnerless(entry: ArchiveEntry): boolean {
  if (entry.rest.endsWith(" ") || OWNERLESS.has(entry.type)) return true;
  return subjectOf(entry, [...OWNERLESS]) !== null;
}
