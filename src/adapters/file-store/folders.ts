import { mkdir, open, rmdir } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { codeOf } from "./file-problems.ts";

/** Makes the folders between the store's folder and a path, never the store's folder itself: an unmounted disk must not be written to. */
export async function makeFolders(root: string, path: string): Promise<void> {
  const parts = relative(root, dirname(path)).split(sep);
  let folder = root;
  for (const part of parts.filter((one) => one !== "")) {
    const parent = folder;
    folder = join(folder, part);
    if (await isNewFolder(folder)) await syncFolder(parent);
  }
}

/** Removes the folders above a path that are empty now, up to but never including the store's folder. */
export async function removeEmptyFolders(root: string, path: string): Promise<void> {
  for (let folder = dirname(path); folder.length > root.length; folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch (error) {
      if (codeOf(error) === "ENOENT") continue;
      return; // in use, or not ours to remove: an empty folder is no object
    }
  }
}

/** Makes what was linked, renamed or removed in a folder outlive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch (error) {
    if (!UNSUPPORTED.has(codeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}

/** Some network file systems know no fsync of a folder; they order its changes themselves. */
const UNSUPPORTED = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP"]);

async function isNewFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o750 });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}
