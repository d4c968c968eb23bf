import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { expect } from "vitest";

/** The folders for heads of archives that are there now. */
export async function headFolders(): Promise<readonly string[]> {
  const names = await Promise.all(["/dev/shm", tmpdir()].map((folder) => readdir(folder).catch(() => [])));
  return names.flat().filter((name) => name.startsWith("dbops-load-"));
}

/** None has come to those; another test's lasts for a moment. */
export async function expectNoneBeside(before: readonly string[]): Promise<void> {
  await expect.poll(async () => (await headFolders()).filter((name) => !before.includes(name))).toEqual([]);
}
