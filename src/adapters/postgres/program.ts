import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { Readable } from "node:stream";
import type { ProgramOutput, ProgramReport } from "../../ports/postgres.ts";
import { DbopsError } from "../../problems/dbops-error.ts";
import { problem } from "../../problems/problem.ts";
import { readMessages } from "./program-messages.ts";
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
export function startProgram(call: ProgramCall, signal: AbortSignal): ProgramOutput {
  signal.throwIfAborted();
  const [command, args] = tied(call);
  const child = spawn(command, args, { cwd: "/", env: call.env, stdio: ["ignore", "pipe", "pipe"] });
  const settled = settle(child, call, signal);
  const body = bodyOf(child, gathered(child, settled));
  const abort = (): void => void body.destroy(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  body.on("error", () => {}); // a failure before anybody reads is told by `settled`, and by the destroyed body
  settled.catch(() => {}).finally(() => signal.removeEventListener("abort", abort));
  return { body, settled };
}

/** The command of a program that, on Linux, the kernel ends when dbops dies, however it dies. */
export function tied(call: Pick<ProgramCall, "tool" | "args">): [string, string[]] {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  const setpriv = path.map((folder) => join(folder, "setpriv")).find((file) => existsSync(file));
  if (process.platform !== "linux" || setpriv === undefined) return [call.tool.path, [...call.args]];
  return [setpriv, ["--pdeathsig", "KILL", call.tool.path, ...call.args]];
}

/** Not Readable.from: that one closes only after the next chunk, which a program that waits for a lock never sends. */
function bodyOf(child: ChildProcess, chunks: AsyncGenerator<Buffer>): Readable {
  return new Readable({
    highWaterMark: CHUNK_BYTES,
    read() {
      chunks.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      stopChild(child); // whoever gives up reading gives up the program
      done(error);
    },
  });
}

async function* gathered(child: ChildProcess, settled: Promise<ProgramReport>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of outputOf(child)) {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(held, bytes);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held, bytes);
  await settled;
}

/** A pipe that breaks ends it like an end of input: how the program ended decides. */
async function* outputOf(child: ChildProcess): AsyncGenerator<Buffer> {
  try {
    if (child.stdout !== null) yield* child.stdout;
  } catch {
    child.stdout?.destroy();
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
