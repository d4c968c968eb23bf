import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openFileStore } from "../../src/adapters/file-store/file-store.ts";
import { describeObjectStore } from "./object-store.ts";

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function openEmpty() {
  const folder = await mkdtemp(join(tmpdir(), "dbops-file-store-"));
  folders.push(folder);
  return openFileStore(folder);
}

describeObjectStore("file store", openEmpty, { partBytes: 1024 * 1024 });
