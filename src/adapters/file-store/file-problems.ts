import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import { shellQuoted } from "../../problems/shell-quoted.ts";

/**
 * The Problem of a link to a temporary file that is gone: somebody cleared this write away. Only where the store's own
 * folder is gone too, the disk is what is wrong.
 */
export async function failCleared(root: string, path: string, cause: unknown): Promise<never> {
  await requireFolder(root);
  return fail(
    "OBJECT_MISSING",
    `${path} was being written, and another run cleared the unfinished write away`,
    {
      fix: "see that no other run clears it away, then apply the same plan again: it goes on where it stopped",
      cause,
    },
  );
}

/** Runs one access to the disk; what fails becomes a Problem that names the store's folder. */
export async function reaching<T>(
  root: string,
  doing: "read" | "write",
  access: () => Promise<T>,
): Promise<T> {
  try {
    return await access();
  } catch (error) {
    if (error instanceof DbopsError) throw error;
    return failAccess(root, doing, error);
  }
}

/** Throws STORE_UNREADABLE when the store's folder is gone: then nothing below it is "absent". */
export async function requireFolder(root: string): Promise<void> {
  const found = await reaching(root, "read", () => stat(root));
  if (!found.isDirectory())
    fail("STORE_UNREADABLE", `${root} is not a folder`, { fix: `ls -ld ${shellQuoted(root)}` });
}

/** The Problem of an error that a stream of a file reported. */
export function translateRead(root: string, error: unknown): Error {
  try {
    return failAccess(root, "read", error);
  } catch (translated) {
    return translated instanceof Error ? translated : new Error(String(translated));
  }
}

/** The code of a system error, `ENOENT`; an empty text for anything else. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/** The value of an access, or null when the file, or a folder on the way to it, is not there. */
export async function orAbsent<T>(access: Promise<T>): Promise<T | null> {
  try {
    return await access;
  } catch (error) {
    if (ABSENT.has(codeOf(error))) return null;
    throw error;
  }
}

const ABSENT = new Set(["ENOENT", "ENOTDIR"]);

function failAccess(root: string, doing: "read" | "write", cause: unknown): never {
  const code = codeOf(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  switch (code) {
    case "ENOENT":
      if (existsSync(root))
        return fail("STORE_UNREADABLE", `${root} lost a file or a folder meanwhile: ${message}`, {
          fix: `see whether another run is at work there, then do the same again:\nls -la ${shellQuoted(root)}`,
          cause,
        });
      return fail("STORE_UNREADABLE", `${root} does not exist: ${message}`, {
        fix: `mount the disk that holds it, or create it once:\nmkdir -p ${shellQuoted(root)}`,
        cause,
      });
    case "ENOSPC":
    case "EDQUOT":
      return fail("STORE_FULL", `${root}: ${message}`, {
        fix: `make room outside of dbops first, for example by growing the volume: a plan is written down before it deletes anything. Then clear old backups away:\ndbops plan ENVIRONMENT prune\nThis shows the free space:\ndf -h ${shellQuoted(root)}`,
        cause,
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return fail(doing === "read" ? "STORE_UNREADABLE" : "STORE_UNWRITABLE", `${root}: ${message}`, {
        fix: `give the user that runs dbops the right to ${doing} there; this shows the rights:\nls -ld ${shellQuoted(root)}`,
        cause,
      });
    default:
      return fail(doing === "read" ? "STORE_UNREADABLE" : "STORE_UNWRITABLE", `${root}: ${message}`, {
        fix: `look at the disk:\nls -la ${shellQuoted(root)}`,
        cause,
      });
  }
}
