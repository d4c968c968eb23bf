import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Tool } from "./tools.ts";

/** A command and its arguments. */
export type Argv = readonly [string, ...string[]];

/** The command of a program that, on Linux, the kernel ends when dbops dies, however it dies. */
export function tied(argv: Argv): Argv {
  const setpriv = process.platform === "linux" ? onPath("setpriv") : undefined;
  return setpriv === undefined ? argv : [setpriv, "--pdeathsig", "KILL", ...argv];
}

/**
 * The command of a program that writes 64 KiB at a time. PostgreSQL's programs leave that to the C library, whose 4 KiB
 * cost a tenth of a backup's processor time. Where GNU stdbuf cannot do it for this program, the program as it is.
 */
export async function inLargeWrites(tool: Tool, args: readonly string[]): Promise<Argv> {
  const stdbuf = onPath("stdbuf");
  const plain: Argv = [tool.path, ...args];
  return stdbuf !== undefined && (await isUnchangedBy(stdbuf, tool)) ? [stdbuf, LARGE, ...plain] : plain;
}

const LARGE = "--output=64K";
const tried = new Map<string, Promise<boolean>>();

/** It works by a preloaded library, which a program of another C library ignores, and says so on its stderr. */
function isUnchangedBy(stdbuf: string, tool: Tool): Promise<boolean> {
  const known = tried.get(tool.path);
  if (known !== undefined) return known;
  const asked = new Promise<boolean>((resolve) => {
    const env = { PATH: process.env["PATH"], LC_ALL: "C" };
    execFile(stdbuf, [LARGE, tool.path, "--version"], { env }, (error, stdout, stderr) =>
      resolve(error === null && stderr === "" && stdout.startsWith(tool.version)),
    );
  });
  tried.set(tool.path, asked);
  return asked;
}

function onPath(program: string): string | undefined {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return path.map((folder) => join(folder, program)).find((file) => existsSync(file));
}
