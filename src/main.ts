import { isatty } from "node:tty";
import { CommanderError } from "commander";
import type { Context } from "./commands/context.ts";
import { buildProgram, type GlobalOptions, type Run } from "./main/command-line.ts";
import { PATIENCE, type Patience } from "./ports/patience.ts";
import type { View } from "./ports/view.ts";
import { DbopsError, problemsOf } from "./problems/dbops-error.ts";
import { EXIT, exitCodeOf } from "./problems/exit-code.ts";
import { problem } from "./problems/problem.ts";
import { openView } from "./views/open-view.ts";
import { decideOutput } from "./views/output.ts";

/** The program: reads the process, runs one command, and exits with its code. */
export async function main(patience: Patience = PATIENCE): Promise<void> {
  // `dbops backups | head` is no failure, and a run whose reader has gone still has to end its work and say how.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreGoneReader);
  const interrupt = new AbortController();
  const stop = () => (interrupt.signal.aborted ? process.exit(EXIT.interrupted) : interrupt.abort());
  // Node has reset the ignored hang-up of `nohup` before this line; what is left of nohup is that no stream is a terminal.
  const hasTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  process.on("SIGHUP", () => (hasTerminal ? stop() : undefined));
  const code = await exitCodeFor(process.argv, patience, interrupt.signal);
  await Promise.all([drained(process.stdout), drained(process.stderr)]); // exiting would cut what a slow pipe has not taken
  process.exit(code);
}

async function exitCodeFor(
  argv: readonly string[],
  patience: Patience,
  signal: AbortSignal,
): Promise<number> {
  let code: number = EXIT.done;
  const run: Run = async (options, work) => {
    const view = viewFor(options);
    code = await contextFor(options, { view, patience }, signal)
      .then(work)
      .catch((error: unknown) => reported(error, view, signal));
  };
  try {
    await buildProgram(run).parseAsync([...argv]);
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done; // it has printed the help
    if (error instanceof CommanderError && error.message === "(outputHelp)") return EXIT.invalid; // and the help says it all
    const json = argv.includes("--json");
    return reported(asUsage(error), viewFor({ ...NO_OPTIONS, json }), signal);
  }
}

/** What commander calls wrong with the command line, in the form of every other problem. */
function asUsage(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  const detail = error.message.replace(/^error: /, "").replaceAll("\n", " ");
  return new DbopsError([problem("USAGE", detail, { fix: "dbops --help" })]);
}

const NO_OPTIONS: GlobalOptions = {
  config: "environments",
  json: false,
  color: true,
  quiet: false,
  verbose: false,
};

/** What escapes a command after an interrupt is the interrupt itself, in whatever form it came up. */
function reported(error: unknown, view: View, signal: AbortSignal): number {
  if (signal.aborted) return EXIT.interrupted;
  const problems = problemsOf(error);
  view.problems(problems);
  if (process.argv.includes("--verbose") && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodeOf(problems);
}

async function contextFor(
  options: GlobalOptions,
  { view, patience }: { readonly view: View; readonly patience: Patience },
  signal: AbortSignal,
): Promise<Context> {
  const [{ connect }, { systemClock }] = await Promise.all([
    import("./main/connect.ts"),
    import("./adapters/system-clock.ts"),
  ]);
  return {
    view,
    clock: systemClock,
    signal,
    configFolder: options.config,
    workingFolder: process.cwd(),
    connect: (environment, access) => connect(environment, access, signal, patience),
  };
}

function viewFor(options: GlobalOptions & { readonly markdown?: boolean }): View {
  const { stdin, stdout, stderr } = process;
  const flags = { ...options, colour: options.color, markdown: options.markdown ?? false };
  const terminals = {
    stdin: stdin.isTTY === true,
    stdout: stdout.isTTY === true,
    stderr: stderr.isTTY === true,
  };
  return openView({ ...decideOutput(process.env, flags, terminals), stdin, stdout, stderr });
}

/** Resolves when all that was written is with the reader, or the reader has gone. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}

/** EPIPE: a pipe's reader has gone; EIO: the terminal has. */
function ignoreGoneReader(error: Error): void {
  if (!("code" in error && (error.code === "EPIPE" || error.code === "EIO"))) throw error;
}
