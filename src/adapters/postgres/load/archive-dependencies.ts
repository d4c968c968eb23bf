import { spawn } from "node:child_process";
import { fail } from "../../../problems/dbops-error.ts";
import { endOf, textOf } from "../child-streams.ts";
import { tied } from "../tied.ts";
import type { Tool } from "../tools.ts";
import type { PrivateFile } from "./private-file.ts";

const ARCHIVE_FD = 3;

/** What each entry of an archive needs, by number, out of its head; an entry that needs nothing is not among them. */
export async function readDependencies(
  head: PrivateFile,
  { tool, env }: { readonly tool: Tool; readonly env: NodeJS.ProcessEnv },
  signal: AbortSignal,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const [command, ...args] = tied([tool.path, "-l", "-v", head.pathIn(ARCHIVE_FD)]);
  const child = spawn(command, args, {
    cwd: "/",
    env: { PATH: env["PATH"], LC_ALL: "C" },
    stdio: ["ignore", "pipe", "ignore", head.fd],
    signal,
    killSignal: "SIGKILL",
  });
  const ended = endOf(child);
  const list = child.stdout === null ? "" : await textOf(child.stdout);
  const { code } = await ended;
  signal.throwIfAborted();
  if (code === 0) return parseDependencies(list);
  return fail("LOAD_FAILED", `${tool.version} cannot list what the archive's entries need`, {
    fix: "verify the backup, or restore another one",
  });
}

/** Reads the lines that `pg_restore -l -v` puts below an entry's. */
export function parseDependencies(list: string): ReadonlyMap<number, readonly number[]> {
  const needs = new Map<number, readonly number[]>();
  let id: number | null = null;
  for (const line of list.split("\n")) {
    const entry = /^(\d+); /.exec(line)?.[1];
    const numbers = /^;\tdepends on:([ \d]+)$/.exec(line)?.[1];
    if (entry !== undefined) id = Number(entry);
    else if (numbers !== undefined && id !== null) needs.set(id, numbers.trim().split(/ +/).map(Number));
  }
  return needs;
}
