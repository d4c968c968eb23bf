import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../../problems/dbops-error.ts";
import { shellQuoted } from "../../problems/shell-quoted.ts";
import { type FileInfo, statFile } from "./file-info.ts";
import { folderOfPrefix } from "./file-keys.ts";
import { codeOf, reaching, requireFolder } from "./file-problems.ts";
import { compareKeys } from "./key-order.ts";

export interface Found {
  readonly key: string;
  /** The last part of the key. */
  readonly name: string;
  readonly info: FileInfo;
}

export interface Wanted {
  readonly prefix: string;
  readonly after: string | undefined;
  /** Decides by a file's name whether it is worth a look. */
  isWanted(name: string): boolean;
}

/**
 * Files below the store's folder in the order of the UTF-8 bytes of their keys, folder by folder. A file that goes away
 * during the walk is left out; whatever else cannot be looked at ends the walk with an error: it is never short.
 */
export async function* walkFiles(root: string, wanted: Wanted, signal: AbortSignal): AsyncGenerator<Found> {
  const folder = folderOfPrefix(wanted.prefix);
  await requireFolder(root);
  yield* walkFolder(root, folder, wanted, signal);
}

const STATS_AT_ONCE = 32;

async function* walkFolder(
  root: string,
  folder: string,
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<Found> {
  const keys = await keysIn(root, folder, wanted, signal);
  for (let at = 0; at < keys.length; at += STATS_AT_ONCE) {
    const some = keys.slice(at, at + STATS_AT_ONCE);
    signal.throwIfAborted();
    const infos = await reaching(root, "read", () =>
      Promise.all(some.map((key) => (key.endsWith("/") ? null : statFile(join(root, key))))),
    );
    for (const [n, key] of some.entries()) {
      const info = infos[n];
      if (key.endsWith("/")) yield* walkFolder(root, key, wanted, signal);
      else if (info) yield { key, name: key.slice(folder.length), info };
      signal.throwIfAborted();
    }
  }
}

/** Keys of files and, with a slash at the end, of folders in one folder: in that form they sort as the keys below them do. */
async function keysIn(
  root: string,
  folder: string,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<readonly string[]> {
  signal.throwIfAborted();
  const entries = await reaching(root, "read", () => entriesOf(join(root, folder)));
  if (entries === null) {
    await requireFolder(root);
    return [];
  }
  return entries
    .flatMap((entry) => keyOf(root, folder, entry) ?? [])
    .filter((key) => (key.endsWith("/") ? leadsTo(key, wanted) : isIn(key, folder, wanted)))
    .sort(compareKeys);
}

async function entriesOf(path: string): Promise<readonly Dirent<Buffer>[] | null> {
  try {
    return await readdir(path, { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return null; // gone since its name was read
    throw error;
  }
}

function keyOf(root: string, folder: string, entry: Dirent<Buffer>): string | null {
  const key = folder + entry.name.toString("utf8");
  if (!Buffer.from(key.slice(folder.length)).equals(entry.name))
    fail("STORE_UNREADABLE", `${join(root, key)} has a name that is not UTF-8`, {
      fix: "rename or remove it",
    });
  if (entry.isDirectory()) return key === "lost+found" ? null : `${key}/`; // the file system's own
  if (entry.isFile()) return key;
  if (!entry.isSymbolicLink() || isDecision(key)) return null;
  return fail(
    "STORE_UNREADABLE",
    `${join(root, key)} is a symbolic link, which a listing cannot follow safely`,
    {
      fix: `put the file itself there:\nls -l ${shellQuoted(join(root, key))}`,
    },
  );
}

/** `<key>.next.<etag>`, the only symbolic links that the store makes. */
function isDecision(key: string): boolean {
  return /\.next\.[0-9a-f]+-[0-9a-f]+$/.test(key);
}

function leadsTo(folder: string, { prefix, after }: Wanted): boolean {
  if (!folder.startsWith(prefix) && !prefix.startsWith(folder)) return false;
  return after === undefined || after.startsWith(folder) || compareKeys(folder, after) > 0;
}

function isIn(key: string, folder: string, { prefix, after, isWanted }: Wanted): boolean {
  if (!key.startsWith(prefix) || !isWanted(key.slice(folder.length))) return false;
  return after === undefined || compareKeys(key, after) > 0;
}
