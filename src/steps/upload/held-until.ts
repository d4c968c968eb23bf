import { Transform } from "node:stream";

/** Passes every byte through, and ends only when `settled` is fulfilled; its rejection is the stream's error. */
export function heldUntil(settled: Promise<unknown>): Transform {
  return new Transform({
    transform: (chunk, _encoding, done) => done(null, chunk),
    flush: (done) => {
      settled.then(
        () => done(),
        (error: Error) => done(error),
      );
    },
  });
}
