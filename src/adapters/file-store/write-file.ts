import { type FileHandle, link, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import type { ObjectInfo } from "../../ports/object-store.ts";
import { fail } from "../../problems/dbops-error.ts";
import { chunksOf } from "../store-wrappers/abortable-body.ts";
import { gatherParts } from "../store-wrappers/gather-parts.ts";
import { fileInfoOf, objectInfoOf, statFile } from "./file-info.ts";
import { pathOf, temporaryOf } from "./file-keys.ts";
import { codeOf, failCleared, orAbsent, reaching, requireFolder } from "./file-problems.ts";
import { makeFolders, removeEmptyFolders, syncFolder } from "./folders.ts";

/**
 * Writes a body to a temporary file beside its key and, when it ended well and is safe on disk, links it to the key:
 * link() fails when the key is taken, so of any number of writers one wins, and a reader sees all bytes or no file.
 */
export async function writeFile(
  root: string,
  key: string,
  body: Readable,
  signal: AbortSignal,
): Promise<ObjectInfo | "exists"> {
  try {
    const path = pathOf(root, key);
    signal.throwIfAborted();
    if ((await reaching(root, "read", () => statFile(path))) !== null) return "exists";
    return await writeNew(root, { key, path, body }, signal);
  } finally {
    if (!body.readableEnded) body.destroy();
  }
}

const GATHER_BYTES = 1024 * 1024;
const FOLDER_TRIES = 100;

async function writeNew(
  root: string,
  { key, path, body }: { readonly key: string; readonly path: string; readonly body: Readable },
  signal: AbortSignal,
): Promise<ObjectInfo | "exists"> {
  const temporary = temporaryOf(path);
  const handle = await openNew(root, temporary);
  try {
    await drain(root, body, handle, signal);
    const info = objectInfoOf(key, await reaching(root, "write", () => finish(handle)));
    signal.throwIfAborted();
    const isMine = await reaching(root, "write", () => isLinked(root, temporary, path));
    await reaching(root, "write", () => tidy(temporary));
    return isMine ? info : "exists";
  } catch (error) {
    await handle.close().catch(() => undefined); // the first error is the one to tell
    await tidy(temporary).catch(() => undefined);
    await removeEmptyFolders(root, path);
    throw error;
  }
}

/** Removals take away folders that became empty, perhaps between our mkdir and our open. Once the file is there, the folder stays. */
async function openNew(root: string, path: string): Promise<FileHandle> {
  for (let attempt = 1; ; attempt += 1) {
    const handle = await reaching(root, "write", async () => {
      try {
        await makeFolders(root, path);
        return await open(path, "wx", 0o640);
      } catch (error) {
        if (codeOf(error) === "ENOENT" && attempt < FOLDER_TRIES) return null;
        throw error;
      }
    });
    if (handle !== null) return handle;
    await requireFolder(root);
  }
}

/** Large writes, out of one buffer that is used again. */
async function drain(root: string, body: Readable, handle: FileHandle, signal: AbortSignal): Promise<void> {
  for await (const part of gatherParts(chunksOf(body, signal), () => GATHER_BYTES, unlimited)) {
    await reaching(root, "write", () => handle.writeFile(part.bytes));
    part.release();
  }
}

function unlimited(): never {
  return fail("INTERNAL", "a file has no limit of parts");
}

async function finish(handle: FileHandle) {
  await handle.sync();
  const stats = await handle.stat({ bigint: true });
  await handle.close();
  return fileInfoOf(stats);
}

async function isLinked(root: string, temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (codeOf(error) === "ENOENT") return failCleared(root, path, error);
    throw error;
  }
}

/** Also makes the link outlive a power cut: both names stand in one folder. */
async function tidy(temporary: string): Promise<void> {
  await orAbsent(unlink(temporary));
  await orAbsent(syncFolder(dirname(temporary))); // gone only where another's object under this key was removed again
}
