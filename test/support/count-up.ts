import { mkdir, writeFile } from "node:fs/promises";
import { openFileStore } from "../../src/adapters/file-store/file-store.ts";
import { gather } from "../contracts/object-store-bench.ts";

/** Counts one object up until it is killed. Each number that it won is a file that only one process can create. */
const root = process.argv[2] ?? "";
const store = openFileStore(root);
const { signal } = new AbortController();
await mkdir(`${root}-log`, { recursive: true });
for (;;) {
  const head = await store.head("lock", signal);
  if (head === null) throw new Error("no lock");
  const next = Number((await gather(await store.read("lock", null, signal))).toString()) + 1;
  const outcome = await store.replace("lock", Buffer.from(String(next)), { etag: head.etag }, signal);
  if (typeof outcome === "string") continue;
  await writeFile(`${root}-log/${next}`, "", { flag: "wx" });
  process.send?.(next);
}
