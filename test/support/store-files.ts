import type { Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { AuditEntry, AuditEvent } from "../../src/model/audit-entry.ts";
import type { Workplace } from "./workplace.ts";

/** The folder of a file store of a workplace. */
export function storeFolder(workplace: Workplace, store: string): string {
  return join(workplace.folder, "stores", store);
}

/** Every file of a store, also the store's own temporary ones, sorted; a folder that goes meanwhile has none. */
export async function filesOf(workplace: Workplace, store: string): Promise<readonly string[]> {
  const root = storeFolder(workplace, store);
  const files = await filesBelow(root, await readdir(root, { withFileTypes: true }));
  return files.map((file) => file.slice(root.length + 1)).sort();
}

async function filesBelow(folder: string, entries: readonly Dirent[]): Promise<readonly string[]> {
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path, await readIfThere(path)) : [path];
    }),
  );
  return found.flat();
}

async function readIfThere(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** Every file with its size and time of change: two equal answers mean that nothing was written or deleted. */
export async function stateOf(workplace: Workplace, store: string): Promise<readonly string[]> {
  const files = await filesOf(workplace, store);
  return Promise.all(
    files.map(async (file) => {
      const { size, mtimeMs } = await stat(join(storeFolder(workplace, store), file));
      return `${file} ${size} ${mtimeMs}`;
    }),
  );
}

/** Stamps of a database's folders that have a manifest, oldest first. */
export async function backupsIn(
  workplace: Workplace,
  store: string,
  database = "app",
): Promise<readonly string[]> {
  const files = await filesOf(workplace, store);
  return files.flatMap((file) => new RegExp(`^${database}/([^/]+)/manifest\\.json$`).exec(file)?.[1] ?? []);
}

/** Stamps of all folders of a database, whole or not. */
export async function foldersIn(
  workplace: Workplace,
  store: string,
  database = "app",
): Promise<readonly string[]> {
  const files = await filesOf(workplace, store);
  const stamps = files.flatMap((file) => new RegExp(`^${database}/([^/]+)/`).exec(file)?.[1] ?? []);
  return [...new Set(stamps)];
}

/** All events of one journal, oldest first. */
export async function eventsOf(
  workplace: Workplace,
  scope: string,
  store = "primary",
): Promise<readonly AuditEvent[]> {
  const folder = join(storeFolder(workplace, store), "_dbops", "journal", scope);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.flatMap((text) => (JSON.parse(text) as AuditEntry).events); // written by dbops a moment ago
}

/** Calls `look` until it gives something; for what another process is about to do. Patience ends before the test's own. */
export async function until<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  const end = Date.now() + 240_000;
  while (Date.now() < end) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("what was waited for never came");
}
