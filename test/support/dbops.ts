import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** dbops as a process of its own; `ended` resolves when it has exited and its streams have ended. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
  /** Resolves when its stderr so far matches; rejects when it ends before. */
  sees(pattern: RegExp): Promise<void>;
}

/** `dbops-hurried` has less patience for what a test has taken away for good. */
export type DbopsProgram = "dbops-main" | "dbops-hurried";

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A program that becomes dbops, as nohup does, with its arguments. */
  readonly under?: readonly string[];
  /** `dbops-main` unless another one is given. */
  readonly name?: DbopsProgram;
  /** The user that it runs as; this process's own unless given. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

const BUNDLE = "DBOPS_TEST_BUNDLE";

/** Lets every test of this run start what was bundled from the sources. */
export function offerBundle(folder: string): void {
  process.env[BUNDLE] = folder;
  process.env["NODE_COMPILE_CACHE"] = join(folder, "compiled");
}

/** A program of this folder as it is started: from what was bundled, else from the sources. */
export function programFile(name: DbopsProgram = "dbops-main"): string {
  const bundle = process.env[BUNDLE];
  return bundle === undefined ? join(import.meta.dirname, `${name}.ts`) : join(bundle, `${name}.mjs`);
}

/** Starts dbops from the sources, without a terminal. */
export function startDbops(
  args: readonly string[],
  { cwd, env = {}, user, under = [], name }: RunOptions,
): Running {
  const [program = process.execPath, ...more] = [...under, process.execPath, programFile(name), ...args];
  const child = spawn(program, more, {
    cwd,
    ...user,
    env: { ...process.env, CI: "true", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stdout = gather(child.stdout);
  const stderr = gather(child.stderr);
  const ended = once(child, "close").then(([code, signal]) => ({
    code,
    signal,
    stdout: stdout.text(),
    stderr: stderr.text(),
  }));
  return { child, ended, sees: (pattern) => seen(child, stderr, pattern) };
}

/** Runs dbops to its end. */
export function runDbops(args: readonly string[], options: RunOptions): Promise<Ran> {
  return startDbops(args, options).ended;
}

interface Gathered {
  text(): string;
}

function gather(stream: Readable): Gathered {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return { text: () => text };
}

async function seen(child: ChildProcess, gathered: Gathered, pattern: RegExp): Promise<void> {
  const closed = once(child, "close").then(() => false);
  while (!pattern.test(gathered.text())) {
    const more =
      child.stderr === null ? closed : Promise.race([once(child.stderr, "data").then(() => true), closed]);
    if (!(await more) && !pattern.test(gathered.text()))
      throw new Error(`dbops ended before ${pattern} was seen:\n${gathered.text()}`);
  }
}
