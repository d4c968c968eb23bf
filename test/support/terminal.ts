import { spawn } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { onTestFinished } from "vitest";
import { programFile, type RunOptions } from "./dbops.ts";

/** dbops on a terminal of its own, which `script` of util-linux makes. */
export interface OnTerminal {
  /** Of `script`, whose child is dbops. */
  readonly pid: number;
  /** Presses keys; Ctrl-C is \u0003, Enter \r. */
  type(keys: string): void;
  /** Resolves when what was shown so far, without control sequences, matches; rejects when dbops ends before. */
  sees(pattern: RegExp): Promise<void>;
  /** Takes the terminal away, as a lost connection does. */
  hangUp(): void;
  readonly ended: Promise<{ readonly code: number | null; readonly raw: string; readonly text: string }>;
}

/** Starts dbops from the sources on a terminal of 120 columns; it is gone when the test has finished. */
export function startOnTerminal(
  args: readonly string[],
  { cwd, env: more = {} }: Pick<RunOptions, "cwd" | "env">,
): OnTerminal {
  const { CI: _ci, NO_COLOR: _noColor, ...env } = process.env;
  const words = [process.execPath, programFile(), ...args];
  const command = `stty cols 120 rows 40; exec ${words.map((word) => `'${word}'`).join(" ")}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd,
    env: { ...env, TERM: "xterm-256color", SHELL: "/bin/sh", ...more },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let raw = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    raw += text;
  });
  child.stdin.on("error", () => undefined); // it may have ended
  const shown = () => stripVTControlCharacters(raw).replaceAll("\r", "");
  const closed = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL"); // dbops ends when its terminal goes
    await closed;
  });
  return {
    pid: child.pid ?? 0,
    type: (keys) => void child.stdin.write(keys),
    hangUp: () => void child.kill("SIGKILL"),
    async sees(pattern) {
      while (!pattern.test(shown())) {
        const more = await Promise.race([once(child.stdout, "data"), closed.then(() => null)]);
        if (more === null && !pattern.test(shown())) throw new Error(`never shown: ${pattern}\n${shown()}`);
      }
    },
    ended: closed.then(([code]) => ({ code, raw, text: shown() })),
  };
}
