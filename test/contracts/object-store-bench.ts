import { Readable } from "node:stream";
import type { UnfinishedUpload } from "../../src/model/observation.ts";
import type { ObjectInfo, ObjectStore } from "../../src/ports/object-store.ts";

/** What differs between stores that are all within the contract. */
export interface ObjectStoreTraits {
  /** The size from which on a write takes several parts. */
  readonly partBytes: number;
}

/** One empty store for each test. */
export interface ObjectStoreBench {
  readonly name: string;
  readonly traits: ObjectStoreTraits;
  open(): Promise<ObjectStore>;
}

/** A signal that nobody aborts. */
export const LIVE = new AbortController().signal;

/** Writes a text and expects that the key was free. */
export async function put(store: ObjectStore, key: string, text = key): Promise<ObjectInfo> {
  const info = await store.write(key, bodyOf(text), {}, LIVE);
  if (info === "exists") throw new Error(`${key} exists`);
  return info;
}

export function bodyOf(...chunks: readonly (string | Uint8Array)[]): Readable {
  return Readable.from(chunks, { objectMode: false });
}

/** A body of so many bytes that are not all alike, in chunks as pipes give them. */
export function bodyOfBytes(bytes: number): Readable {
  return Readable.from(chunksOf(bytes), { objectMode: false });
}

export function* chunksOf(bytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes; at += CHUNK) {
    yield Buffer.alloc(Math.min(CHUNK, bytes - at), `${at}.`);
  }
}
const CHUNK = 65_521;

export function bytesOf(bytes: number): Buffer {
  return Buffer.concat([...chunksOf(bytes)]);
}

/** Gives some bytes and then waits until `release` or `destroy`. */
export function stallingBody(bytes: number): { body: Readable; release: () => void; stalled: Promise<void> } {
  const gate = Promise.withResolvers<void>();
  const stalled = Promise.withResolvers<void>();
  async function* chunks(): AsyncGenerator<Buffer> {
    yield* chunksOf(bytes);
    stalled.resolve();
    await gate.promise;
  }
  const body = Readable.from(chunks(), { objectMode: false });
  body.once("close", () => gate.resolve());
  return { body, release: () => gate.resolve(), stalled: stalled.promise };
}

export async function readAll(store: ObjectStore, key: string): Promise<Buffer> {
  return gather(await store.read(key, null, LIVE));
}

export async function gather(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function keysOf(store: ObjectStore, prefix: string, after?: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const info of store.list(prefix, after === undefined ? {} : { after }, LIVE))
    keys.push(info.key);
  return keys;
}

/** What is left under a key: objects and writes that nobody ended. */
export async function leftUnder(store: ObjectStore, key: string): Promise<readonly string[]> {
  const left = [...(await keysOf(store, key))];
  for (const upload of await unfinishedOf(store, key)) left.push(`unfinished ${upload.key}`);
  return left;
}

export async function unfinishedOf(store: ObjectStore, prefix: string): Promise<readonly UnfinishedUpload[]> {
  const uploads: UnfinishedUpload[] = [];
  for await (const upload of store.unfinished(prefix, LIVE)) uploads.push(upload);
  return uploads;
}
