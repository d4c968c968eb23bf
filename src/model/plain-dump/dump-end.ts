/** The trailer and what pg_dump writes behind it are some 150 bytes. */
const TAIL_BYTES = 1024;

/** Keeps the end of a plain dump that passes, to tell whether its trailer was the last thing in it. */
export class DumpEnd {
  #tail: Buffer = Buffer.alloc(0);

  next(piece: Buffer): void {
    const last = piece.subarray(-TAIL_BYTES); // copied: whoever owns the piece may write over it
    this.#tail = Buffer.concat([this.#tail, last]).subarray(-TAIL_BYTES);
  }

  /** True when what passed ends as pg_dump ends a plain dump: with its trailer, and from 15.14 on with `\unrestrict`. */
  get isWhole(): boolean {
    const tail = this.#tail.toString("latin1");
    return /\n--\n-- PostgreSQL database dump complete\n--\n+(\\unrestrict [A-Za-z0-9]+\n+)?$/.test(tail);
  }
}
