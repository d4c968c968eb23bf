/** One whole part; `release` gives its memory back for a later one. */
export interface GatheredPart {
  readonly number: number;
  readonly bytes: Buffer;
  readonly isLast: boolean;
  release(): void;
}

/**
 * Cuts chunks into whole parts, each in one buffer of its own that is used again: the memory is that of the parts not
 * yet released, whatever the size of the chunks. An empty body gives one empty part. Ends with what `onExhausted` throws when `bytesOf` gives null.
 */
export async function* gatherParts(
  chunks: AsyncIterable<Buffer>,
  bytesOf: (number: number) => number | null,
  onExhausted: () => never,
): AsyncGenerator<GatheredPart> {
  const free: Buffer[] = [];
  let number = 1;
  let room = bytesOf(number) ?? onExhausted();
  let part: Buffer = Buffer.allocUnsafeSlow(Math.min(room, FIRST_BYTES));
  let filled = 0;
  const give = (isLast: boolean): GatheredPart => {
    const whole = part;
    return { number, bytes: whole.subarray(0, filled), isLast, release: () => free.push(whole) };
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      // A full part is given only when more is known to come: the last one must be known as the last.
      if (filled === room) {
        yield give(false);
        number += 1;
        room = bytesOf(number) ?? onExhausted();
        part = takeFree(free, room);
        filled = 0;
      }
      part = withRoom(part, filled, Math.min(room, filled + chunk.length - at));
      const taken = chunk.copy(part, filled, at, at + room - filled);
      filled += taken;
      at += taken;
    }
  }
  yield give(true);
}

/** Most objects are small: the first part grows as it needs to. */
const FIRST_BYTES = 64 * 1024;

function takeFree(free: Buffer[], bytes: number): Buffer {
  for (let one = free.pop(); one !== undefined; one = free.pop()) if (one.length === bytes) return one;
  return Buffer.allocUnsafeSlow(bytes);
}

function withRoom(part: Buffer, filled: number, needed: number): Buffer {
  if (part.length >= needed) return part;
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, part.length * 2));
  part.copy(larger, 0, 0, filled);
  return larger;
}
