import { Readable } from "node:stream";
import type { ObjectStore } from "../ports/object-store.ts";
import { readText } from "../ports/read-object.ts";
import { fail } from "../problems/dbops-error.ts";

/** Writes a small object; one that is there already must have the same content. */
export async function writeOnce(
  store: ObjectStore,
  key: string,
  text: string,
  signal: AbortSignal,
): Promise<void> {
  const bytes = Buffer.from(text);
  const body = Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false });
  const answer = await store.write(key, body, {}, signal);
  if (answer === "exists" && (await readText(store, key, signal)) !== text)
    fail("OBJECT_EXISTS", `${key} exists already with other content`, {
      fix: "look who wrote it before going on",
    });
}
