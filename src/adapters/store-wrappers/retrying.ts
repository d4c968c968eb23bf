import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { ByteRange, ObjectInfo, ObjectStore } from "../../ports/object-store.ts";
import { chunksOf, endWith } from "./abortable-body.ts";
import { isTransient } from "./transient.ts";

export interface RetryOptions {
  /** How often one call is tried in a row without any progress. */
  readonly attempts?: number;
  /** The longest wait before the second try; it doubles with each further one. */
  readonly delayMs?: number;
}

/**
 * The same store, patient where looking fails for a moment: a listing goes on after the last key it gave, a read after
 * the last byte. What changes something is passed on as it is: only its adapter knows whether it took effect.
 */
export function retrying(store: ObjectStore, options: RetryOptions = {}): ObjectStore {
  const patience = { attempts: options.attempts ?? 4, delayMs: options.delayMs ?? 250 };
  return {
    list: (prefix, { after }, signal) => listOn(store, { prefix, after, patience }, signal),
    head: (key, signal) => again(patience, signal, () => store.head(key, signal)),
    read: async (key, range, signal) => {
      const body = await again(patience, signal, () => store.read(key, range, signal));
      const bytes = readOn(store, { key, range, patience, body }, signal);
      return endWith(signal, Readable.from(bytes, { objectMode: false, highWaterMark: 1024 * 1024 }));
    },
    unfinished: (prefix, signal) => store.unfinished(prefix, signal),
    write: (key, body, writeOptions, signal) => store.write(key, body, writeOptions, signal),
    replace: (key, body, expect, signal) => store.replace(key, body, expect, signal),
    remove: (key, expect, signal) => store.remove(key, expect, signal),
    discard: (upload, signal) => store.discard(upload, signal),
  };
}

type Patience = Required<RetryOptions>;

async function again<T>(patience: Patience, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      await waitOrThrow(error, attempt, patience, signal);
    }
  }
}

async function* listOn(
  store: ObjectStore,
  of: { prefix: string; after: string | undefined; patience: Patience },
  signal: AbortSignal,
): AsyncGenerator<ObjectInfo> {
  let after = of.after;
  for (let attempt = 1; ; attempt += 1) {
    try {
      for await (const info of store.list(of.prefix, after === undefined ? {} : { after }, signal)) {
        yield info;
        after = info.key;
        attempt = 1;
      }
      return;
    } catch (error) {
      await waitOrThrow(error, attempt, of.patience, signal);
    }
  }
}

async function* readOn(
  store: ObjectStore,
  of: { key: string; range: ByteRange | null; patience: Patience; body: Readable },
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let next = of.range?.first ?? 0;
  let body: Readable | null = of.body;
  for (let attempt = 1; ; attempt += 1) {
    try {
      body ??= await store.read(
        of.key,
        { first: next, last: of.range?.last ?? Number.MAX_SAFE_INTEGER },
        signal,
      );
      for await (const chunk of chunksOf(body, signal)) {
        next += chunk.length;
        attempt = 1;
        yield chunk;
      }
      return;
    } catch (error) {
      body = null;
      await waitOrThrow(error, attempt, of.patience, signal);
    }
  }
}

/** Waits a random part of the delay, so that many hosts do not come back at once. */
async function waitOrThrow(
  error: unknown,
  attempt: number,
  patience: Patience,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted || attempt >= patience.attempts || !isTransient(error)) throw error;
  const delayMs = patience.delayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
  try {
    await sleep(delayMs, undefined, { signal });
  } catch {
    signal.throwIfAborted(); // with the signal's own reason, not the timer's
  }
}
