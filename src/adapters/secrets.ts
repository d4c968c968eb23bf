import { readFile } from "node:fs/promises";
import { ExecaError, execa } from "execa";
import { Secret, type SecretSource } from "../model/secret.ts";
import { fail } from "../problems/dbops-error.ts";
import { shellQuoted } from "../problems/shell-quoted.ts";

const COMMAND_TIMEOUT_MS = 30_000;

/**
 * The secret that a source holds, without the newline at its end; throws SECRET_UNAVAILABLE when there is none or it
 * is empty. Neither the value nor anything that a command printed is in the error or its cause.
 */
export async function resolveSecret(
  source: SecretSource,
  signal: AbortSignal,
  timeoutMs = COMMAND_TIMEOUT_MS,
): Promise<Secret> {
  signal.throwIfAborted();
  if ("env" in source) return fromVariable(source.env);
  if ("file" in source) return fromFile(source.file, signal);
  return fromCommand(source.command, signal, timeoutMs);
}

function fromVariable(name: string): Secret {
  const value = process.env[name];
  if (value !== undefined && value !== "") return new Secret(value);
  const detail = `the environment variable ${name} is ${value === undefined ? "not set" : "empty"}`;
  return fail("SECRET_UNAVAILABLE", detail, { fix: `export ${name}=…` });
}

async function fromFile(path: string, signal: AbortSignal): Promise<Secret> {
  const text = await readFile(path, { encoding: "utf8", signal }).catch((thrown: unknown) => {
    signal.throwIfAborted();
    return fail("SECRET_UNAVAILABLE", `the file ${path} ${fileReason(thrown)}`, {
      fix: `ls -l ${shellQuoted(path)}`,
    });
  });
  const value = withoutNewline(text);
  if (value !== "") return new Secret(value);
  return fail("SECRET_UNAVAILABLE", `the file ${path} is empty`, { fix: `ls -l ${shellQuoted(path)}` });
}

function fileReason(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "does not exist",
    EISDIR: "is a folder",
    EACCES: "may not be read by this user",
  };
  return reasons[code] ?? `cannot be read (${code})`;
}

async function fromCommand(
  [program = "", ...rest]: readonly string[],
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Secret> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const running = execa(program, rest, {
    env: { LC_ALL: "C" },
    stdin: "ignore",
    stderr: "ignore", // it may hold what must not be shown
    detached: true, // a process group of its own, so that what it started can be ended with it
    stripFinalNewline: false,
    reject: false,
  });
  const end = (): void => endGroup(running.pid);
  limit.addEventListener("abort", end);
  const run = await running;
  limit.removeEventListener("abort", end);
  signal.throwIfAborted();
  const fix = "run the command by hand, as the same user, to see what it says";
  if (run instanceof ExecaError) {
    const reason = limit.aborted ? `gave no answer in ${timeoutMs / 1000} s` : commandReason(run);
    return fail("SECRET_UNAVAILABLE", `the command ${program} ${reason}`, { fix });
  }
  const value = withoutNewline(run.stdout);
  if (value !== "") return new Secret(value);
  return fail("SECRET_UNAVAILABLE", `the command ${program} printed nothing`, { fix });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (thrown) {
    // ESRCH: it ended by itself in this moment
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "ESRCH")) throw thrown;
  }
}

function commandReason(error: ExecaError): string {
  if (error.code === "ENOENT") return "was not found";
  if (error.code === "EACCES") return "may not be run by this user";
  if (error.exitCode !== undefined) return `failed with exit code ${error.exitCode}`;
  return error.signal === undefined ? "could not be run" : `was ended by ${error.signal}`;
}

function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}
