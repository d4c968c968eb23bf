import { open, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { instantOf } from "../../model/instant.ts";
import type { UnfinishedUpload } from "../../model/observation.ts";
import type { ByteRange, ObjectStore } from "../../ports/object-store.ts";
import { fail } from "../../problems/dbops-error.ts";
import { endWith } from "../store-wrappers/abortable-body.ts";
import { exactly } from "../store-wrappers/exact-body.ts";
import { objectInfoOf, statFile } from "./file-info.ts";
import { isHidden, keyOfTemporary, pathOf, pathOfTemporary } from "./file-keys.ts";
import { codeOf, orAbsent, reaching, requireFolder, translateRead } from "./file-problems.ts";
import { folderClock, hostClock } from "./folder-clock.ts";
import { removeEmptyFolders, syncFolder } from "./folders.ts";
import { walkFiles } from "./list-files.ts";
import { clearDecisions, replaceFile } from "./replace-file.ts";
import { writeFile } from "./write-file.ts";

/**
 * Objects as plain files below a folder, each under its key. The folder has to exist: it is never made, because a disk
 * that is not mounted would look like an empty store. Nothing is opened before the first call. Times are the folder's own.
 */
export function openFileStore(root: string, access: "read-only" | "read-write" = "read-write"): ObjectStore {
  const clock = access === "read-only" ? hostClock : folderClock(root);
  return {
    async *list(prefix, { after }, signal) {
      const wanted = { prefix, after, isWanted: (name: string) => !isHidden(name) };
      for await (const found of walkFiles(root, wanted, signal))
        yield objectInfoOf(found.key, found.info, await clock.now());
    },
    async head(key, signal) {
      signal.throwIfAborted();
      const found = await reaching(root, "read", () => statFile(pathOf(root, key)));
      if (found === null) await requireFolder(root);
      return found === null ? null : objectInfoOf(key, found, await clock.now());
    },
    read: (key, range, signal) => readFile(root, key, range, signal),
    write: (key, body, _options, signal) => writeFile(root, key, body, signal),
    replace: (key, body, expect, signal) => replaceFile(root, key, { body, expect }, signal),
    remove: (key, expect, signal) => removeFile(root, key, expect.etag, signal),
    unfinished: (prefix, signal) => unfinishedFiles(root, prefix, signal),
    async discard(upload, signal) {
      signal.throwIfAborted();
      const path = pathOfTemporary(root, upload.id);
      await reaching(root, "write", () => orAbsent(unlink(path)));
      await removeEmptyFolders(root, path);
    },
  };
}

async function readFile(
  root: string,
  key: string,
  range: ByteRange | null,
  signal: AbortSignal,
): Promise<Readable> {
  signal.throwIfAborted();
  const path = pathOf(root, key);
  const found = await reaching(root, "read", () => statFile(path));
  if (found === null) {
    await requireFolder(root);
    fail("OBJECT_MISSING", `${path} does not exist`);
  }
  const first = range?.first ?? 0;
  const last = Math.min(range?.last ?? Number.POSITIVE_INFINITY, found.bytes - 1);
  if (range !== null && first > last)
    fail("OBJECT_DAMAGED", `${path} has ${found.bytes} bytes, too few for a range from ${first}`);
  if (found.bytes === 0) return endWith(signal, Readable.from([], { objectMode: false }));
  const handle = await reaching(root, "read", () => open(path, "r"));
  const source = handle.createReadStream({ start: first, end: last, highWaterMark: 1024 * 1024 });
  const translate = (error: unknown) => translateRead(root, error);
  return endWith(signal, exactly(source, { what: path, bytes: last - first + 1, translate }));
}

/**
 * Looks, then removes. Between the two somebody could replace the file: but only locks are replaced, and locks are
 * never removed; every other key is written once and never again.
 */
async function removeFile(
  root: string,
  key: string,
  etag: string,
  signal: AbortSignal,
): Promise<"removed" | "absent" | "changed" | "locked"> {
  signal.throwIfAborted();
  const path = pathOf(root, key);
  const found = await reaching(root, "read", () => statFile(path));
  if (found === null) await requireFolder(root);
  if (found?.etag !== etag) return found === null ? "absent" : "changed";
  return reaching(root, "write", async () => {
    try {
      if ((await orAbsent(unlink(path).then(() => true))) === null) return "absent";
    } catch (error) {
      if (codeOf(error) === "EPERM") return "locked"; // chattr +i: the file system's own retention
      throw error;
    }
    await orAbsent(clearDecisions(path));
    await orAbsent(syncFolder(dirname(path)));
    await removeEmptyFolders(root, path);
    return "removed";
  });
}

async function* unfinishedFiles(
  root: string,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<UnfinishedUpload> {
  const wanted = { prefix, after: undefined, isWanted: (name: string) => keyOfTemporary(name) !== null };
  for await (const { key: id } of walkFiles(root, wanted, signal)) {
    const stats = await reaching(root, "read", () => orAbsent(stat(pathOfTemporary(root, id))));
    const key = keyOfTemporary(id);
    if (stats === null || key === null || !key.startsWith(prefix)) continue;
    yield { key, id, startedAt: instantOf(stats.birthtimeMs > 0 ? stats.birthtimeMs : stats.mtimeMs) };
  }
}
