import { createHash } from "node:crypto";
import { Transform } from "node:stream";

/** What went through a stream, from its first byte to its end. */
export interface Measure {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface Meter {
  /** Passes every byte through unchanged. */
  readonly through: Transform;
  /** Resolves before `through` ends; rejects when it is destroyed before (a handler is attached). */
  readonly measure: Promise<Measure>;
}

/** Counts and hashes what passes; `onProgress` is told the bytes so far after each chunk. */
export function meter(onProgress?: (bytes: number) => void): Meter {
  const hash = createHash("sha256");
  const { promise, resolve, reject } = Promise.withResolvers<Measure>();
  promise.catch(() => {}); // whoever needs the measure awaits it; the stream's reader has the same error
  let bytes = 0;
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      onProgress?.(bytes);
      done(null, chunk);
    },
    flush(done) {
      resolve({ bytes, sha256: hash.digest("hex") });
      done();
    },
    destroy(error, done) {
      reject(error ?? new Error("the stream was closed before its end")); // does nothing after resolve
      done(error);
    },
  });
  return { through, measure: promise };
}
