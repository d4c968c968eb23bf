import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { Readable, Transform } from "node:stream";

/** All bytes of a stream; rejects with its error. */
export async function collect(body: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A stream of these bytes in pieces of these sizes, the last size again and again. */
export function inPieces(bytes: Buffer, sizes: readonly number[] = [65_536]): Readable {
  return Readable.from(cut(bytes, sizes));
}

/** Bytes that look random and are the same for the same length. */
export function bytesOf(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, n = 0; at < length; at += 32, n += 1) {
    createHash("sha256").update(`${length} ${n}`).digest().copy(bytes, at);
  }
  return bytes;
}

/** Gives these bytes, then fails. */
export function failingAfter(bytes: Buffer, error: Error): Readable {
  return Readable.from(
    (async function* () {
      yield bytes;
      throw error;
    })(),
  );
}

/** Gives these bytes, then neither more nor an end. */
export function stallingAfter(bytes: Buffer): Readable {
  let isGiven = false;
  return new Readable({
    read() {
      if (!isGiven) this.push(bytes);
      isGiven = true;
    },
  });
}

/** Passes bytes; fails at a piece or at the end. */
export function failingAt(place: "piece" | "end", error: Error): Transform {
  return new Transform({
    transform: (piece, _encoding, done) => (place === "piece" ? done(error) : done(null, piece)),
    flush: (done) => done(place === "end" ? error : null),
  });
}

/** Resolves when the stream has closed, with the error it closed with. */
export function closed(body: Readable | Transform): Promise<Error | null> {
  if (body.closed) return Promise.resolve(body.errored);
  return new Promise((resolve) => {
    body.once("close", () => resolve(body.errored));
  });
}

/** What a program writes to stdout for this input; rejects with its stderr when it exits with anything but 0. */
export function through(program: string, args: readonly string[], input: Buffer): Promise<Buffer> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {}); // it may exit before it has read all
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (piece: Buffer) => out.push(piece));
    child.stderr.on("data", (piece: Buffer) => errors.push(piece));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(`${program} exited with ${code}: ${Buffer.concat(errors)}`));
    });
  });
}

function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (let n = 0; at < bytes.length; n += 1) {
    const size = sizes[Math.min(n, sizes.length - 1)] ?? bytes.length;
    if (size > 0) yield Buffer.from(bytes.subarray(at, at + size));
    at += size;
  }
}
