import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Shows what it prints while it runs, besides gathering it. */
  readonly show?: boolean;
}

/** How a program ended; `output` is stdout and stderr as they came. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly output: string;
}

/** Runs a program without input and waits until it exited and its output ended. Code 127: it could not be started. */
export function runChild(argv: readonly string[], options: ChildOptions = {}): Promise<Ended> {
  const [program = "", ...args] = argv;
  const { env = process.env, cwd = process.cwd(), show = false } = options;
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
    const stdout: Buffer[] = [];
    const output: Buffer[] = [];
    const kill = (): void => void child.kill("SIGTERM");
    options.signal?.addEventListener("abort", kill);
    child.stdout.on("data", (bytes: Buffer) => {
      stdout.push(bytes);
      output.push(bytes);
      if (show) process.stdout.write(bytes);
    });
    child.stderr.on("data", (bytes: Buffer) => {
      output.push(bytes);
      if (show) process.stderr.write(bytes);
    });
    const end = (code: number): void => {
      options.signal?.removeEventListener("abort", kill);
      resolve({ code, stdout: Buffer.concat(stdout).toString(), output: Buffer.concat(output).toString() });
    };
    child.on("error", (error) => {
      output.push(Buffer.from(`${error.message}\n`));
      end(127);
    });
    child.on("close", (code) => end(code ?? 1));
  });
}

/** The path of a program, searched in PATH; null when there is none. */
export function findProgram(name: string, path: string = process.env["PATH"] ?? ""): string | null {
  const candidates = path.split(delimiter).map((folder) => join(folder, name));
  return candidates.find(isExecutable) ?? null;
}

/** True when this process may run the file. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not for us: both mean that it cannot be used
  }
}
