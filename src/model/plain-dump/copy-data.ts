const [LF, BACKSLASH] = [0x0a, 0x5c];
const END_UNIX = Buffer.from("\\.\n");
const END_DOS = Buffer.from("\\.\r\n");
const NEXT = Buffer.from("\n\\");

export interface CopyScanned {
  /** The first byte that was not consumed. */
  readonly at: number;
  /** The line that ends the data was consumed. */
  readonly isOver: boolean;
}

/** Finds the end of the data of COPY as psql does: a line that is `\.` and nothing else. */
export class CopyData {
  #isAtLineStart = true;

  /** Goes on from `from`; consumes all but a possible beginning of the end. */
  scan(source: Buffer, from: number): CopyScanned {
    let at = from;
    for (;;) {
      if (this.#isAtLineStart) {
        const end = endAt(source, at);
        if (end === "unknown") return { at, isOver: false };
        if (end > 0) return { at: at + end, isOver: true };
      }
      const next = source.indexOf(NEXT, at);
      if (next === -1) break;
      at = next + 1;
      this.#isAtLineStart = true;
    }
    if (source.length > at) this.#isAtLineStart = source[source.length - 1] === LF;
    return { at: source.length, isOver: false };
  }
}

/** The length of the last line of the data, if it stands here; 0: something else does. */
function endAt(source: Buffer, at: number): number | "unknown" {
  if (source[at] !== BACKSLASH) return 0;
  for (const end of [END_UNIX, END_DOS]) {
    const found = source.subarray(at, at + end.length);
    if (found.equals(end)) return end.length;
    if (found.length < end.length && found.equals(end.subarray(0, found.length))) return "unknown";
  }
  return 0;
}
