import { fail } from "../problems/dbops-error.ts";
import type { ObjectStore } from "./object-store.ts";

/** Small objects only: marks, manifests, entries, locks. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Reads a small object as UTF-8; throws OBJECT_MISSING, or OBJECT_DAMAGED when it is far too large. */
export async function readText(store: ObjectStore, key: string, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of await store.read(key, null, signal)) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > MAX_BYTES)
      fail("OBJECT_DAMAGED", `${key} has more than ${MAX_BYTES} bytes and cannot be what its name says`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
