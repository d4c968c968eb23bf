import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { memoryFolder } from "./memory-folder.ts";

/** A new empty folder that is removed when the test that asked for it has finished. */
export async function tempFolder(name = "dbops-test-"): Promise<string> {
  const folder = await mkdtemp(join(memoryFolder(), name));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A new empty folder for a whole file of tests, and how to remove it. */
export async function keptFolder(
  name = "dbops-test-",
): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(memoryFolder(), name));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
