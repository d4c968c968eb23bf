import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { fail } from "../../../problems/dbops-error.ts";
import { endOf, roomIn } from "../child-streams.ts";
import { tied } from "../tied.ts";
import type { Tool } from "../tools.ts";
import { judgeRestore } from "./judge-restore.ts";
import type { PrivateFile } from "./private-file.ts";
import { type EntryFailure, readRestoreMessages } from "./restore-messages.ts";

/** What every run of pg_restore of one load shares. */
export interface RestoreCall {
  readonly tool: Tool;
  /** Whole: nothing is inherited. */
  readonly env: NodeJS.ProcessEnv;
  /** The database and its server, for messages. */
  readonly place: string;
  /** The server's endpoint. */
  readonly endpoint: string;
  /** As in `Load`. */
  readonly ignoreTablespaces: boolean;
}

export interface RestoreRun {
  /** `pre-data`, `data`, `post-data`. */
  readonly sections: readonly string[];
  /** Parallel sessions. */
  readonly jobs: number;
  /** Which entries, for `-L`. */
  readonly list: PrivateFile;
  /** The archive; null: from the input. */
  readonly archive: PrivateFile | null;
  /** Called when rows of this `schema.table` begin; those of the one before are all there, or failed. */
  readonly onData?: (table: string) => void;
}

export interface RunningRestore {
  /** null where it reads a file. */
  readonly input: Writable | null;
  /** What it came to, after it has ended; throws LOAD_FAILED when that is worth nothing. A handler is attached. */
  readonly ended: Promise<Restored>;
  /** Stops it, its workers included, and waits for that. Never throws. */
  stop(): Promise<void>;
}

export interface Restored {
  readonly failures: readonly EntryFailure[];
  readonly warnings: readonly string[];
}

/** How long pg_restore may take to cancel its statements on the server before it is killed. */
const GRACE_MS = 3000;
const LIST_FD = 3;
const ARCHIVE_FD = 4;

/**
 * Starts pg_restore, which dies with dbops. Every entry is tried, whatever became of those before it; subscriptions never
 * are.
 */
export function startRestore(call: RestoreCall, run: RestoreRun): RunningRestore {
  const { tool, env } = call;
  const [command, ...args] = tied([tool.path, ...argumentsOf(call, run)]);
  const input = run.archive === null ? "pipe" : "ignore";
  const files = [run.list.fd, ...(run.archive === null ? [] : [run.archive.fd])];
  const child = spawn(command, args, {
    cwd: "/",
    env,
    stdio: [input, "ignore", "pipe", ...files],
    detached: true, // a group of its own: its workers can be killed with it, and Ctrl-C is for dbops to act on
  });
  const end = endOf(child);
  child.once("exit", (code) => code === 0 || killGroup(child)); // workers outlive one that is killed, and keep its stderr open
  child.stdin?.on("error", () => undefined); // how it ended decides
  const messages = readRestoreMessages(run.jobs > 1, run.onData);
  child.stderr?.on("data", (chunk: Buffer) => messages.add(chunk));
  const ended = end.then((how) => {
    const outcome = judgeRestore(how, messages.finish(), run.jobs > 1);
    return outcome.state === "ended" ? outcome : failLoad(call, outcome.why);
  });
  ended.catch(() => undefined);
  return {
    input: child.stdin,
    ended,
    stop: async () => {
      stopChild(child);
      await end;
    },
  };
}

/** What it came to after `work` is done; stopped when that fails or the signal aborts, and ended when this returns. */
export async function settleRestore(
  run: RunningRestore,
  work: () => Promise<void>,
  signal: AbortSignal,
): Promise<Restored> {
  const stop = (): void => void run.stop();
  signal.addEventListener("abort", stop);
  try {
    await work();
    return await run.ended;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    await run.stop();
  }
}

/** Writes into its input, with back-pressure; does nothing when it takes no more. */
export async function writeTo(input: Writable, chunk: Buffer): Promise<void> {
  if (input.writable && !input.write(chunk)) await roomIn(input);
}

function argumentsOf(
  { ignoreTablespaces }: RestoreCall,
  { sections, jobs, list, archive }: RestoreRun,
): string[] {
  return [
    ...["--format=custom", "--no-password", "--verbose", "--no-subscriptions"], // only verbose names failing entries
    ...(ignoreTablespaces ? ["--no-tablespaces"] : []),
    ...["--dbname=", `--use-list=${list.pathIn(LIST_FD)}`], // the name stands in PGDATABASE
    ...sections.map((section) => `--section=${section}`),
    ...(jobs > 1 ? [`--jobs=${jobs}`] : []),
    ...(archive === null ? [] : [archive.pathIn(ARCHIVE_FD)]),
  ];
}

function failLoad({ tool, place, endpoint }: RestoreCall, why: string): never {
  const cut = /end of file|could not find block/.test(why);
  return fail("LOAD_FAILED", `${tool.version} into ${place}: ${why}`, {
    fix: cut
      ? "verify the backup, or restore another one"
      : `look into the log of the server at ${endpoint}, then apply again: the load starts anew`,
  });
}

function stopChild(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM"); // it cancels its statements on the server, and tells its workers
  const late = setTimeout(() => killGroup(child), GRACE_MS);
  child.once("close", () => clearTimeout(late));
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // nobody is left in it
  }
}
