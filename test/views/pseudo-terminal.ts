import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Situation {
  readonly TERM?: string;
  /** Arguments of stty. */
  readonly size?: string;
  /** Types `keys` when `after` was shown; the name of a control character is its letter: Ctrl-C is \u0003. */
  readonly typed?: { readonly keys: string; readonly after: string };
}

export interface Shown {
  /** Every byte that the program sent to its terminal; how the terminal echoes Ctrl-C and Ctrl-D is left out. */
  readonly output: string;
  readonly code: number;
}

/** Runs a program of the tests on a terminal of its own, which `script` of util-linux makes. */
export async function runOnTerminal(
  program: string,
  argument: string,
  { TERM = "xterm-256color", size = "cols 100 rows 30", typed }: Situation = {},
): Promise<Shown> {
  const { CI: _ci, NO_COLOR: _noColor, ...env } = process.env;
  const command = `stty ${size}; exec '${process.execPath}' '${program}' ${argument}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    env: { ...env, TERM },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  let waiting = typed;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (waiting === undefined || !output.includes(waiting.after)) return;
    child.stdin.write(waiting.keys);
    waiting = undefined;
  });
  const [code] = await once(child, "close");
  return { output: output.replaceAll("^C", "").replaceAll("^D", ""), code: Number(code) };
}
