import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { basename } from "node:path";
import { Readable } from "node:stream";
import type { ProgramOutput, ProgramReport } from "../../ports/postgres.ts";
import { DbopsError } from "../../problems/dbops-error.ts";
import { problem } from "../../problems/problem.ts";
import { openPipe } from "./output-pipe.ts";
import { readMessages } from "./program-messages.ts";
import { inLargeWrites, tied } from "./tied.ts";
import type { Tool } from "./tools.ts";

/** A program to run; its environment is whole, nothing is inherited. */
export interface ProgramCall {
  readonly tool: Tool;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What to do when it fails. */
  readonly fix: string;
}

/** Gathered before they are handed on: compressing small pipe reads one by one costs half of the time again. */
const CHUNK_BYTES = 1024 * 1024;
/** How long a program may take to cancel its query on the server before it is killed. */
const GRACE_MS = 3000;

/**
 * Starts one of PostgreSQL's programs; it dies with dbops. The body ends only after exit code 0, the end of stderr, and
 * nothing on it but warnings; any other outcome destroys it with DUMP_FAILED. An abort stops the program.
 */
export async function startProgram(call: ProgramCall, signal: AbortSignal): Promise<ProgramOutput> {
  const argv = await inLargeWrites(call.tool, call.args);
  const buffers = new Buffers();
  const { reader, writer } = await openPipe(buffers.onread);
  if (signal.aborted) for (const end of [reader, writer]) end.destroy();
  signal.throwIfAborted();
  const [command, ...args] = tied(argv);
  const child = spawn(command, args, { cwd: "/", env: call.env, stdio: ["ignore", writer, "pipe"] });
  writer.destroy(); // the child has its own
  const settled = settle(child, call, signal);
  const body = readOutput(child, { reader, buffers, settled });
  const abort = (): void => void body.destroy(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  body.on("error", () => {}); // a failure before anybody reads is told by `settled`, and by the destroyed body
  settled.catch(() => {}).finally(() => signal.removeEventListener("abort", abort));
  return { body, settled, recycle: (chunk) => buffers.recycle(chunk) };
}

/**
 * What a program writes, read through `buffers`. How the program ended decides, before how its pipe did; but a pipe that cannot be
 * read to its end is none of a whole output, whatever the program says.
 */
export function readOutput(
  child: ChildProcess,
  from: {
    readonly reader: Socket;
    readonly buffers: Buffers;
    readonly settled: Promise<ProgramReport>;
  },
): Readable {
  const { reader, buffers, settled } = from;
  const body = new Readable({
    highWaterMark: CHUNK_BYTES,
    read: () => void reader.resume(),
    destroy(error, done) {
      reader.destroy();
      stopChild(child); // whoever gives up reading gives up the program
      done(error);
    },
  });
  buffers.onFull = (chunk) => body.push(chunk);
  let broken: Error | null = null;
  reader.on("error", (error) => {
    broken = error;
  });
  reader.once("close", () => {
    const end = (): void => {
      if (broken !== null) return void body.destroy(unread(broken));
      const last = buffers.take();
      if (last.length > 0) body.push(last);
      body.push(null);
    };
    settled.then(end, (error: Error) => void body.destroy(error));
  });
  return body;
}

function unread(cause: Error): DbopsError {
  return new DbopsError(
    [
      problem("DUMP_FAILED", `the output could not be read to its end (${cause.message})`, {
        fix: "apply again",
      }),
    ],
    cause,
  );
}

/** Gathers what is read, without copying it. */
export class Buffers {
  readonly #free: Buffer[] = [];
  #filling: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #filled = 0;
  /** Told of each whole chunk; false for no more of them until the reader is resumed. */
  onFull: (chunk: Buffer) => boolean = () => false;

  readonly onread = {
    buffer: () => this.#filling.subarray(this.#filled),
    callback: (bytes: number): boolean => {
      this.#filled += bytes;
      return this.#filled < CHUNK_BYTES || this.onFull(this.take());
    },
  };

  take(): Buffer {
    const taken = this.#filling.subarray(0, this.#filled);
    this.#filling = this.#free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#filled = 0;
    return taken;
  }

  recycle(chunk: Buffer): void {
    if (chunk.length === CHUNK_BYTES) this.#free.push(chunk);
  }
}

function settle(child: ChildProcess, call: ProgramCall, signal: AbortSignal): Promise<ProgramReport> {
  const name = basename(call.tool.path);
  const messages = readMessages(name);
  child.stderr?.on("data", (chunk: Buffer) => messages.add(chunk));
  return new Promise((resolve, reject) => {
    const refuse = (detail: string, cause?: unknown): void =>
      reject(new DbopsError([problem("DUMP_FAILED", `${name}: ${detail}`, { fix: call.fix })], cause));
    child.once("error", (error) => refuse(`it does not start (${error.message})`, error));
    // "close" comes after the exit and after the end of both streams
    child.once("close", (code, killedBy) => {
      const { error, warnings } = messages.finish();
      if (signal.aborted) return reject(signal.reason);
      const said = error === null ? "" : `: ${withoutName(error, name)}`;
      if (killedBy !== null) return refuse(`killed by ${killedBy}${said}`);
      if (code !== 0) return refuse(`exit code ${code}${said}`);
      if (error !== null) return refuse(`exit code 0, but it reported${said}`);
      resolve({ version: call.tool.version, warnings });
    });
  });
}

function withoutName(line: string, name: string): string {
  return line.startsWith(`${name}: `) ? line.slice(name.length + 2) : line;
}

function stopChild(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.stdout?.destroy(); // unread output would keep "close" from coming
  child.kill("SIGTERM"); // it cancels its query on the server
  const late = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  child.once("exit", () => clearTimeout(late));
}
