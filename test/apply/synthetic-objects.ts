import { Readable } from "node:stream";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Artifact, Standing } from "../../src/steps/handler.ts";
import { never } from "./build.ts";

/** One part, which is called archive. */
export function artifactOf(body: Readable): Artifact {
  return {
    known: {},
    parts: [{ name: "archive", body, facts: Promise.resolve({}) }],
    close: async () => undefined,
  };
}

export async function doneWhenThere(store: ObjectStore, key: string): Promise<Standing> {
  if (!(await isThere(store, key))) return { state: "ready" };
  return { state: "done", evidence: `${key} is there`, facts: {} };
}

export async function isThere(store: ObjectStore, key: string): Promise<boolean> {
  return (await store.head(key, never)) !== null;
}

export async function write(store: ObjectStore, key: string, text: string): Promise<void> {
  await store.write(key, Readable.from([text]), {}, never);
}

export async function removeIfThere(store: ObjectStore, key: string): Promise<void> {
  const info = await store.head(key, never);
  if (info !== null) await store.remove(key, { etag: info.etag }, never);
}
