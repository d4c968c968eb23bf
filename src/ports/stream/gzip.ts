import { type Readable, Transform } from "node:stream";
import { constants, crc32, deflateRaw } from "node:zlib";
import { chain } from "./chain.ts";

/** The thread pool has four; what it does for others, such as writing files, must not wait behind all of them. */
const AT_ONCE = 3;
/** How far deflate looks back (RFC 1951). */
const WINDOW_BYTES = 32 * 1024;
const OUTPUT_BYTES = 1024 * 1024;
// RFC 1952: magic, deflate, no flags, no time, no extra flags, made on Unix.
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
const LAST_BLOCK = Buffer.from([0x03, 0x00]);

/**
 * One gzip member, as `gunzip` reads it; `level` is 1 to 9. Chunks are compressed side by side, as pigz does, so they should be large;
 * each is given to `onUsed` when it is compressed, from where on its memory may change. Fails and is destroyed as `chain` says.
 */
export function gzip(body: Readable, level: number, onUsed = (_chunk: Buffer): void => {}): Readable {
  const jobs: Promise<Buffer>[] = [];
  let [checksum, bytes] = [0, 0];
  let window: Buffer = Buffer.alloc(0);
  const member = new Transform({
    readableHighWaterMark: OUTPUT_BYTES,
    construct(done) {
      this.push(HEADER);
      done();
    },
    transform(chunk: Buffer, _encoding, done) {
      checksum = crc32(chunk, checksum);
      bytes += chunk.length;
      jobs.push(compress(chunk, { level, window }, onUsed));
      window = windowBehind(window, chunk);
      const [first] = jobs.length >= AT_ONCE ? jobs.splice(0, 1) : [];
      if (first === undefined) done();
      else first.then((blocks) => done(null, blocks), done);
    },
    flush(done) {
      const last = Buffer.concat([LAST_BLOCK, ending(checksum, bytes)]);
      Promise.all(jobs).then((blocks) => done(null, Buffer.concat([...blocks, last])), done);
    },
  });
  return chain(body, member);
}

/** Blocks that end at a whole byte and are not the last ones: joined, they are one stream. */
function compress(
  chunk: Buffer,
  { level, window }: { readonly level: number; readonly window: Buffer },
  onUsed: (chunk: Buffer) => void,
): Promise<Buffer> {
  const options = {
    level,
    chunkSize: OUTPUT_BYTES,
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(window.length === 0 ? {} : { dictionary: window }),
  };
  const job = new Promise<Buffer>((resolve, reject) => {
    deflateRaw(chunk, options, (error, blocks) => {
      if (error !== null) return reject(error);
      onUsed(chunk);
      resolve(blocks);
    });
  });
  job.catch(() => {}); // told when its turn comes, which does not come behind an earlier failure
  return job;
}

/** What the next chunk may refer back to; a copy, since the chunk's memory is given back. */
function windowBehind(window: Buffer, chunk: Buffer): Buffer {
  if (chunk.length >= WINDOW_BYTES) return Buffer.from(chunk.subarray(-WINDOW_BYTES));
  return Buffer.concat([window, chunk]).subarray(-WINDOW_BYTES);
}

function ending(checksum: number, bytes: number): Buffer {
  const end = Buffer.alloc(8);
  end.writeUInt32LE(checksum, 0);
  end.writeUInt32LE(bytes % 2 ** 32, 4);
  return end;
}
