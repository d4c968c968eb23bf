import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** One run of a program, from its start until it exited and its output ended. */
export interface TimedRun {
  readonly seconds: number;
  /** The most memory that the program itself held, without its children; MiB. */
  readonly peakMiB: number;
  /** The last of what it printed. */
  readonly output: string;
}

export interface Command {
  readonly argv: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Another exit code that is well, too. */
  readonly alsoWell?: number;
}

/** VmHWM only grows: what is lost between the last look and the exit is what was added in that time. */
const LOOK_EVERY_MS = 20;
const TICKS_PER_SECOND = 100; // USER_HZ, fixed on Linux

/** Runs a program; throws with its output when it does not exit with 0. */
export function timedRun(command: Command): Promise<TimedRun> {
  const [program = "", ...args] = command.argv;
  const startedAt = performance.now();
  const child = spawn(program, args, {
    env: command.env ?? process.env,
    cwd: command.cwd ?? process.cwd(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let peakMiB = 0;
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (piece: Buffer) => {
      output = (output + piece.toString()).slice(-20_000);
    });
  const looking = setInterval(() => {
    peakMiB = Math.max(peakMiB, peakMemory(child.pid));
  }, LOOK_EVERY_MS);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(looking);
      const seconds = (performance.now() - startedAt) / 1000;
      if (code === 0 || code === command.alsoWell) resolve({ seconds, peakMiB, output });
      else reject(new Error(`${command.argv.join(" ")} exited with ${code}:\n${output}`));
    });
  });
}

/** Processor seconds that a process and its reaped children have used until now. */
export function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, one) => sum + Number(one), 0);
  return ticks / TICKS_PER_SECOND;
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

function peakMemory(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it has just ended
  }
}
