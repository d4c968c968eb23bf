import { type Readable, Transform } from "node:stream";
import { createGunzip } from "node:zlib";
import { DbopsError } from "../../problems/dbops-error.ts";
import { problem } from "../../problems/problem.ts";
import { chain } from "./chain.ts";
import { Explaining } from "./explaining.ts";
import { gather } from "./gather.ts";

const OUTPUT_BYTES = 1024 * 1024;

/**
 * The content of a gzip file, of several members as `gunzip` takes them. OBJECT_DAMAGED when it is no gzip, is cut off, fails
 * its checksum or has bytes after its end; an error of `body` itself comes out as it is. Fails and is destroyed as `chain` says.
 */
export function gunzip(body: Readable): Readable {
  let givenBytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      givenBytes += chunk.length;
      done(null, chunk);
    },
  });
  const file = createGunzip({ chunkSize: OUTPUT_BYTES });
  const tail = new Explaining({
    // Node ends the output at the end of the last member and drops what follows, even when the input fails later.
    flush: (done) =>
      done(givenBytes === file.bytesWritten ? null : damaged("bytes follow the end of the file")),
    explain,
  });
  return chain(body, gather(), count, file, tail);
}

/** zlib's own errors become a Problem; any other one came from further up and stays. */
function explain(error: Error): Error {
  if (!("code" in error) || !/^Z_/.test(String(error.code))) return error;
  return damaged(error.code === "Z_BUF_ERROR" ? "it is truncated" : error.message, error);
}

function damaged(detail: string, cause?: Error): DbopsError {
  return new DbopsError([problem("OBJECT_DAMAGED", `its gzip stream cannot be read: ${detail}`)], cause);
}
