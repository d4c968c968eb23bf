import { spawn } from "node:child_process";

/** Says what it does, and runs shell lines: each is shown as it is run, with its own output below. */
export interface Shell {
  say(text: string): void;
  /** Gives stdout; throws when it ends with another exit code than the expected one, or was interrupted. */
  run(line: string): Promise<string>;
}

/** Opens one; after an abort nothing more is run. */
export function openShell(options: { cwd: string; env: NodeJS.ProcessEnv; signal: AbortSignal }): Shell {
  return {
    say: (text) => void process.stdout.write(`\n# ${text}\n`),
    run: (line) => runLine(line, options),
  };
}

async function runLine(
  line: string,
  options: { cwd: string; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<string> {
  options.signal.throwIfAborted();
  process.stdout.write(`$ ${line}\n`);
  const { code, stdout } = await inGroup(line, options);
  options.signal.throwIfAborted();
  if (code !== 0) throw new Error(`this ended with exit code ${code}: ${line}`);
  return stdout;
}

/** A process group of its own, so that an interrupt ends all of a pipeline and nothing else. */
function inGroup(
  line: string,
  options: { cwd: string; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<{ code: number; stdout: string }> {
  const { cwd, env, signal } = options;
  return new Promise((resolve, reject) => {
    const argv = ["-euo", "pipefail", "-c", line];
    const child = spawn("bash", argv, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const interrupt = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGINT");
    };
    signal.addEventListener("abort", interrupt);
    const stdout: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => {
      stdout.push(bytes);
      process.stdout.write(bytes);
    });
    child.stderr.on("data", (bytes: Buffer) => process.stderr.write(bytes));
    child.on("error", reject);
    child.on("close", (code) => {
      signal.removeEventListener("abort", interrupt);
      resolve({ code: code ?? 1, stdout: Buffer.concat(stdout).toString() });
    });
  });
}
