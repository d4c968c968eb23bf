import { type Readable, Transform, type Writable } from "node:stream";
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";
import { DbopsError } from "../../problems/dbops-error.ts";
import { problem } from "../../problems/problem.ts";
import { chain } from "./chain.ts";
import { Explaining } from "./explaining.ts";
import { gather } from "./gather.ts";

/** Room for what one gathered buffer becomes, so that one buffer is one trip to the thread pool. */
const OUTPUT_BYTES = 1024 * 1024;

/**
 * One zstd frame with a checksum, as `zstd -d` reads it. `level` is 1 to 19. Chunks of `body` should be large; each is given
 * to `onUsed` when it is compressed, from where on its memory may change. Fails and is destroyed as `chain` says.
 */
export function compress(body: Readable, level: number, onUsed = (_chunk: Buffer): void => {}): Readable {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
  const frame = createZstdCompress({ params, chunkSize: OUTPUT_BYTES });
  body.on("error", () => {}); // comes out of the frame
  frame.on("error", () => {}); // for its reader, where there is none yet
  frame.once("close", () => void body.destroy());
  feed(body, frame, onUsed).catch((error: Error) => void frame.destroy(error));
  return frame;
}

/** Not a pipeline: only the end of a write says that zlib has done with the memory. */
async function feed(body: Readable, frame: Writable, onUsed: (chunk: Buffer) => void): Promise<void> {
  for await (const chunk of body) {
    await new Promise<void>((resolve, reject) => {
      frame.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
    onUsed(chunk);
  }
  frame.end();
}

/**
 * The content of one zstd frame. OBJECT_DAMAGED when it is no zstd, is cut off, fails its checksum or has bytes
 * after its end; an error of `body` itself comes out as it is. Fails and is destroyed as `chain` says.
 */
export function decompress(body: Readable): Readable {
  let givenBytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      givenBytes += chunk.length;
      done(null, chunk);
    },
  });
  const frame = createZstdDecompress({ chunkSize: OUTPUT_BYTES });
  const tail = new Explaining({
    // Node ends the output at the end of the frame and drops what follows, even when the input fails later.
    flush: (done) =>
      done(givenBytes === frame.bytesWritten ? null : damaged("bytes follow the end of the frame")),
    explain,
  });
  return chain(body, gather(), count, frame, tail);
}

/** zlib's own errors become a Problem; any other one came from further up and stays. */
function explain(error: Error): Error {
  if (!("code" in error) || !/^Z(STD)?_/.test(String(error.code))) return error;
  return damaged(error.message, error);
}

function damaged(detail: string, cause?: Error): DbopsError {
  return new DbopsError([problem("OBJECT_DAMAGED", `its zstd stream cannot be read: ${detail}`)], cause);
}
