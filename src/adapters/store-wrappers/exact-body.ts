import { type Readable, Transform, type TransformCallback } from "node:stream";
import { DbopsError } from "../../problems/dbops-error.ts";
import { problem } from "../../problems/problem.ts";

/** What an answer promised, and how its stream's own errors become Problems. */
export interface Promised {
  /** For the message: a path, or a bucket and key. */
  readonly what: string;
  readonly bytes: number;
  translate(error: unknown): Error;
}

/** The bytes of `source`; ends with OBJECT_DAMAGED instead of ending when they are not exactly as many as promised. */
export function exactly(source: Readable, promised: Promised): Readable {
  let seen = 0;
  const counted = new Transform({
    readableHighWaterMark: 1024 * 1024,
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      seen += chunk.length;
      done(seen > promised.bytes ? damaged(promised, seen) : null, chunk);
    },
    flush(done: TransformCallback) {
      done(seen < promised.bytes ? damaged(promised, seen) : null);
    },
  });
  source.on("error", (error) => counted.destroy(promised.translate(error)));
  source.once("close", () => {
    if (!source.readableEnded) counted.destroy(damaged(promised, seen)); // no-op when an error came before
  });
  counted.once("close", () => source.destroy());
  return source.pipe(counted);
}

function damaged({ what, bytes }: Promised, seen: number): DbopsError {
  return new DbopsError([
    problem("OBJECT_DAMAGED", `${what}: read ${seen} bytes where ${bytes} were promised`),
  ]);
}
