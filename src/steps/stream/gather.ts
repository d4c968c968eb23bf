import { Transform } from "node:stream";

/** One S3 part's worth of work for one call into zlib: pipes deliver 64 KiB at best, which costs a third of the speed. */
export const GATHER_BYTES = 1024 * 1024;

/** Gathers small chunks into buffers of `bytes`; only the last one is shorter. Never waits at the end of the input. */
export function gather(bytes = GATHER_BYTES): Transform {
  let buffer = Buffer.allocUnsafeSlow(bytes);
  let used = 0;
  return new Transform({
    writableHighWaterMark: bytes,
    readableHighWaterMark: bytes,
    transform(chunk: Buffer, _encoding, done) {
      let taken = 0;
      while (taken < chunk.length) {
        const copied = chunk.copy(buffer, used, taken, taken + bytes - used);
        taken += copied;
        used += copied;
        if (used < bytes) break;
        this.push(buffer);
        buffer = Buffer.allocUnsafeSlow(bytes);
        used = 0;
      }
      done();
    },
    flush(done) {
      done(null, used === 0 ? undefined : buffer.subarray(0, used));
    },
  });
}
