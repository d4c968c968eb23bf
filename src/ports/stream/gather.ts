import { Transform } from "node:stream";

/** Pipes deliver 64 KiB at best; one call into zlib for each of those costs a third of the speed. */
export const GATHER_BYTES = 1024 * 1024;

/**
 * Gathers pieces into buffers of `bytes`. A piece that is as long already passes uncopied, after what was held before it,
 * so that only such a piece makes a longer buffer, and only the end and such a piece make a shorter one.
 */
export function gather(bytes = GATHER_BYTES): Transform {
  let buffer = Buffer.allocUnsafeSlow(bytes);
  let used = 0;
  const take = (): Buffer => {
    const taken = buffer.subarray(0, used);
    buffer = Buffer.allocUnsafeSlow(bytes);
    used = 0;
    return taken;
  };
  return new Transform({
    writableHighWaterMark: bytes,
    readableHighWaterMark: bytes,
    transform(piece: Buffer, _encoding, done) {
      if (piece.length >= bytes) {
        if (used > 0) this.push(take());
        return done(null, piece);
      }
      const copied = piece.copy(buffer, used);
      used += copied;
      if (used === bytes) this.push(take());
      used += piece.copy(buffer, used, copied);
      done();
    },
    flush(done) {
      done(null, used === 0 ? undefined : buffer.subarray(0, used));
    },
  });
}
