import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openFileStore } from "../../../src/adapters/file-store/file-store.ts";
import { tempFolder } from "../../support/temp-folder.ts";

it("writes nothing for those who only look", async () => {
  const folder = await tempFolder();
  const before = (await stat(folder)).mtimeMs;
  const store = openFileStore(folder, "read-only");
  const never = new AbortController().signal;
  expect(await store.head("_dbops/store.json", never)).toBeNull();
  for await (const _ of store.list("", {}, never));
  expect((await stat(folder)).mtimeMs).toBe(before); // making and removing a file would have changed it
  expect(await readdir(join(folder))).toEqual([]);
});
