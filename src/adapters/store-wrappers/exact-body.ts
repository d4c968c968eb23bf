import { pipeline, type Readable, Transform, type TransformCallback } from "node:stream";
import { DbopsError } from "../../problems/dbops-error.ts";
import { problem } from "../../problems/problem.ts";

/** The bytes of `source`; ends with OBJECT_DAMAGED instead of ending when they are not exactly as many as promised. */
export function exactly(what: string, bytes: number, source?: Readable): Transform {
  let seen = 0;
  const counted = new Transform({
    readableHighWaterMark: 1024 * 1024,
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      seen += chunk.length;
      done(seen > bytes ? damaged(what, bytes, seen) : null, chunk);
    },
    flush(done: TransformCallback) {
      done(seen < bytes ? damaged(what, bytes, seen) : null);
    },
  });
  if (source !== undefined) pipeline(source, counted, ignore); // an error of the source destroys `counted` with it
  return counted;
}

function damaged(what: string, bytes: number, seen: number): DbopsError {
  return new DbopsError([
    problem("OBJECT_DAMAGED", `${what}: read ${seen} bytes where ${bytes} were promised`),
  ]);
}

function ignore(): void {}
