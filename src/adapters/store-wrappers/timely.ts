import type { Readable } from "node:stream";
import type { ObjectStore } from "../../ports/object-store.ts";
import { DbopsError } from "../../problems/dbops-error.ts";
import { problem } from "../../problems/problem.ts";

/** How a store is called in a message, and what to do when it is too slow. */
export interface Place {
  readonly what: string;
  readonly fix: string;
}

/**
 * The same store, whose calls tell a deadline that passed (a signal whose reason is a TimeoutError) as STORE_UNREADABLE.
 * Every other reason, an interrupt above all, comes out as it is.
 */
export function timely(store: ObjectStore, place: Place): ObjectStore {
  const call = <T>(signal: AbortSignal, ask: (told: AbortSignal) => Promise<T>): Promise<T> =>
    withTold(place, signal, ask);
  return {
    list: (prefix, options, signal) => each(place, signal, (told) => store.list(prefix, options, told)),
    unfinished: (prefix, signal) => each(place, signal, (told) => store.unfinished(prefix, told)),
    head: (key, signal) => call(signal, (told) => store.head(key, told)),
    read: (key, range, signal) => readIn(place, signal, (told) => store.read(key, range, told)),
    write: (key, body, options, signal) => call(signal, (told) => store.write(key, body, options, told)),
    replace: (key, body, expect, signal) => call(signal, (told) => store.replace(key, body, expect, told)),
    remove: (key, expect, signal) => call(signal, (told) => store.remove(key, expect, told)),
    discard: (upload, signal) => call(signal, (told) => store.discard(upload, told)),
  };
}

async function withTold<T>(
  place: Place,
  signal: AbortSignal,
  ask: (told: AbortSignal) => Promise<T>,
): Promise<T> {
  const { told, forget } = toldBy(place, signal);
  try {
    return await ask(told);
  } finally {
    forget();
  }
}

async function* each<T>(
  place: Place,
  signal: AbortSignal,
  ask: (told: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const { told, forget } = toldBy(place, signal);
  try {
    yield* ask(told);
  } finally {
    forget();
  }
}

async function readIn(
  place: Place,
  signal: AbortSignal,
  ask: (told: AbortSignal) => Promise<Readable>,
): Promise<Readable> {
  const { told, forget } = toldBy(place, signal);
  try {
    const body = await ask(told);
    body.once("close", forget);
    return body;
  } catch (error) {
    forget();
    throw error;
  }
}

/** A signal that aborts with the other one, with what its reason means for this store. `forget` lets go of the other one. */
function toldBy(place: Place, signal: AbortSignal): { readonly told: AbortSignal; forget(): void } {
  const telling = new AbortController();
  const tell = (): void => telling.abort(meaningOf(place, signal.reason));
  if (signal.aborted) tell();
  signal.addEventListener("abort", tell, { once: true });
  return { told: telling.signal, forget: () => signal.removeEventListener("abort", tell) };
}

function meaningOf({ what, fix }: Place, reason: unknown): unknown {
  if (!(reason instanceof Error) || reason.name !== "TimeoutError") return reason;
  return new DbopsError([problem("STORE_UNREADABLE", `${what} did not answer in time`, { fix })], reason);
}
