import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import type { Measure, Meter } from "./meter.ts";

export interface IntactOptions {
  /** What becomes of the stream when other bytes came, or more of them: `found` as far as they were read. */
  damaged(found: Measure): Error;
  /** Told the bytes so far after each chunk. */
  onProgress?(bytes: number): void;
}

/**
 * Passes every byte through unchanged, and ends only when they were exactly the expected ones: what reads it to its end has
 * read what was meant. `measure` is as a meter's.
 */
export function intact(expected: Measure, options: IntactOptions): Meter {
  const hash = createHash("sha256");
  const { promise, resolve, reject } = Promise.withResolvers<Measure>();
  promise.catch(() => {}); // whoever needs the measure awaits it; the stream's reader has the same error
  let bytes = 0;
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      if (bytes > expected.bytes) return done(options.damaged({ bytes, sha256: hash.copy().digest("hex") }));
      options.onProgress?.(bytes);
      done(null, chunk);
    },
    flush(done) {
      const found = { bytes, sha256: hash.digest("hex") };
      if (found.bytes !== expected.bytes || found.sha256 !== expected.sha256)
        return done(options.damaged(found));
      resolve(found);
      done();
    },
    destroy(error, done) {
      reject(error ?? new Error("the stream was closed before its end")); // does nothing after resolve
      done(error);
    },
  });
  return { through, measure: promise };
}
