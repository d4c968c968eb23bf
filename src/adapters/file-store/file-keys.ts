import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fail } from "../../problems/dbops-error.ts";

/** The path of a key below the store's folder. Throws INTERNAL for a key that would leave it or that the store keeps for itself. */
export function pathOf(root: string, key: string): string {
  const parts = key.split("/");
  if (!parts.every(isPart)) fail("INTERNAL", `not a key of a file store: ${JSON.stringify(key)}`);
  if (isHidden(parts.at(-1) ?? "")) fail("INTERNAL", `a name that the file store keeps for itself: ${key}`);
  return join(root, ...parts);
}

/** The path of a file of an unfinished write by its id; throws INTERNAL for anything else. */
export function pathOfTemporary(root: string, id: string): string {
  const parts = id.split("/");
  if (!parts.every(isPart) || keyOfTemporary(parts.at(-1) ?? "") === null)
    fail("INTERNAL", `not the id of an unfinished write: ${JSON.stringify(id)}`);
  return join(root, ...parts);
}

/** The folder part of a prefix with its slash, `a/b/` of `a/b/c`; throws INTERNAL when no key can start with it. */
export function folderOfPrefix(prefix: string): string {
  const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  if (folder !== "" && !folder.slice(0, -1).split("/").every(isPart))
    fail("INTERNAL", `not a prefix of keys of a file store: ${JSON.stringify(prefix)}`);
  return folder;
}

/** `<path>.<16 hex>.part`: where a write gathers its bytes. */
export function temporaryOf(path: string): string {
  return `${path}.${nonce()}.part`;
}

/** The key of a write by the name of its temporary file; null when it is none. */
export function keyOfTemporary(name: string): string | null {
  return TEMPORARY.exec(name)?.[1] ?? null;
}

/** `<path>.next.<etag>`: the one decision about what follows the content with this etag. */
export function decisionOf(path: string, etag: string): string {
  return `${path}.next.${etag}`;
}

/** `<path>.next.<etag>.<16 hex>`: content that would like to follow the one with this etag. */
export function candidateOf(path: string, etag: string): string {
  return `${decisionOf(path, etag)}.${nonce()}`;
}

/** The etag in the name of a decision or of a candidate for a file's name; null for any other name. */
export function parseNext(base: string, name: string): { etag: string; candidate: boolean } | null {
  const parts = NEXT.exec(name);
  if (parts?.[1] !== base || parts[2] === undefined) return null;
  return { etag: parts[2], candidate: parts[3] !== undefined };
}

/** `<folder>/.dbops-clock.<16 hex>`: made to see how the folder dates it, and removed at once. */
export function scratchOf(folder: string): string {
  return join(folder, `.dbops-clock.${nonce()}`);
}

/** True for the names that are the store's own and no object's. */
export function isHidden(name: string): boolean {
  return TEMPORARY.test(name) || NEXT.test(name) || SCRATCH.test(name);
}

const TEMPORARY = /^(.+)\.[0-9a-f]{16}\.part$/s;
const SCRATCH = /^\.dbops-clock\.[0-9a-f]{16}$/;
const NEXT = /^(.+)\.next\.([0-9a-f]+-[0-9a-f]+)(\.[0-9a-f]{16})?$/s;

function isPart(part: string): boolean {
  return part !== "" && part !== "." && part !== ".." && !part.includes("\0");
}

function nonce(): string {
  return randomBytes(8).toString("hex");
}
