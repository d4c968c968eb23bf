import type { Readable } from "node:stream";
import { fail } from "../../problems/dbops-error.ts";

/**
 * The chunks of a body until its end; throws the body's own error, or the signal's reason as soon as it aborts, even
 * when the body hangs and does not react to being destroyed. A body that was closed before its end is an error.
 * However this ends but at the end of the body, the body is destroyed.
 */
export async function* chunksOf(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  let wake = (): void => undefined;
  const ring = () => wake();
  for (const event of EVENTS) body.on(event, ring);
  body.on("error", ignore); // stays: destroy() below may report the error after the listeners are gone
  signal.addEventListener("abort", ring);
  try {
    for (;;) {
      const chunk = nextOf(body, signal);
      if (chunk === "end") return;
      // One promise for each wait, none that lives as long as the body: Promise.race would gather a reaction per chunk.
      if (chunk === null) await new Promise<void>((resolve) => (wake = resolve));
      else yield chunk;
    }
  } finally {
    for (const event of EVENTS) body.off(event, ring);
    signal.removeEventListener("abort", ring);
    if (!body.readableEnded) body.destroy(signal.aborted ? reasonOf(signal) : undefined);
  }
}

/** Destroys a stream with the signal's reason as soon as it aborts. */
export function endWith(signal: AbortSignal, stream: Readable): Readable {
  const abort = () => stream.destroy(reasonOf(signal));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  stream.once("close", () => signal.removeEventListener("abort", abort));
  return stream;
}

const EVENTS = ["readable", "end", "error", "close"] as const;

function nextOf(body: Readable, signal: AbortSignal): Buffer | "end" | null {
  signal.throwIfAborted();
  throwErrorOf(body);
  const chunk: unknown = body.read();
  if (chunk !== null) return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string | Uint8Array); // a byte stream gives nothing else
  throwErrorOf(body); // reading may be what brings it
  if (body.readableEnded) return "end";
  if (body.destroyed) fail("INTERNAL", "the body of an object was closed before its end, without an error");
  return null;
}

function throwErrorOf(body: Readable): void {
  if (body.errored !== null) throw body.errored;
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}

function ignore(): void {}
