import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { fail } from "../../../problems/dbops-error.ts";
import { type ChildEnd, endOf, roomIn, textOf } from "../child-streams.ts";
import { tied } from "../tied.ts";
import type { Tool } from "../tools.ts";

/** The begin of an archive, as far as pg_restore had to read it for its table of contents. */
export interface ArchiveHead {
  /** What `pg_restore -l` printed. */
  readonly list: string;
  /** Everything that was taken from the stream, in order. */
  readonly taken: readonly Buffer[];
  /** So many bytes of it hold the table of contents; a little of the data may follow in them. */
  readonly bytes: number;
}

/** Statements of some million objects: what is longer is a damaged length. */
export const MAX_HEAD_BYTES = 512 * 1024 * 1024;
const SLICE_BYTES = 64 * 1024;

/**
 * Reads as much of the stream as `pg_restore -l` needs, and some chunks more. OBJECT_DAMAGED when it is no archive or ends
 * before its table of contents does; an error of the stream is thrown as it is.
 */
export async function readArchiveHead(
  chunks: AsyncIterator<Buffer, unknown>,
  program: { readonly tool: Tool; readonly env: NodeJS.ProcessEnv },
  signal: AbortSignal,
): Promise<ArchiveHead> {
  const { tool, env } = program;
  signal.throwIfAborted();
  const [command, ...args] = tied([tool.path, "-l"]);
  const child = spawn(command, args, { cwd: "/", env: { PATH: env["PATH"], LC_ALL: "C" }, stdio: "pipe" });
  const ended = endOf(child);
  const stop = () => void child.kill("SIGKILL");
  signal.addEventListener("abort", stop);
  const feeder = new Feeder(child.stdin);
  try {
    const [list, errors] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      feeder.feed(chunks),
    ]);
    const end = await ended;
    signal.throwIfAborted();
    if (end.code !== 0 || end.error !== null) return failEnd(tool, end, errors.split("\n")[0] ?? "");
    return { list, taken: feeder.taken, bytes: feeder.fed };
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
    await ended;
  }
}

/** In small pieces, so that little of what follows the table of contents is taken for a part of it. */
class Feeder {
  readonly taken: Buffer[] = [];
  fed = 0;
  readonly #input: Writable;

  constructor(input: Writable) {
    this.#input = input;
    input.on("error", () => undefined); // it closes its input when it has read enough
  }

  async feed(chunks: AsyncIterator<Buffer, unknown>): Promise<void> {
    try {
      while (this.#input.writable) {
        const next = await chunks.next();
        if (next.done === true) return;
        this.taken.push(next.value);
        await this.#write(next.value);
      }
    } finally {
      this.#input.end();
    }
  }

  async #write(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length && this.#input.writable; at += SLICE_BYTES) {
      const slice = chunk.subarray(at, at + SLICE_BYTES);
      this.fed += slice.length;
      if (this.fed > MAX_HEAD_BYTES) fail("OBJECT_DAMAGED", "the archive's table of contents does not end");
      if (!this.#input.write(slice)) await roomIn(this.#input);
    }
  }
}

/** Only what pg_restore itself says speaks of the archive. */
function failEnd(tool: Tool, { code, killedBy, error }: ChildEnd, said: string): never {
  if (error !== null || code === 126 || code === 127)
    return fail("TOOL_MISSING", `${tool.path} does not start: ${error?.message ?? said}`, {
      fix: `${tool.path} --version`,
    });
  if (killedBy !== null)
    return fail(
      "LOAD_FAILED",
      `${tool.version} was killed by ${killedBy} while it read the table of contents`,
      {
        fix: "apply again",
      },
    );
  return fail("OBJECT_DAMAGED", `${tool.version} cannot list the archive: ${said}`, {
    fix: "verify the backup, or take another one",
  });
}
