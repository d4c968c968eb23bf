import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Who runs servers that refuse root, as initdb and postgres do; null when this process is nobody special already. */
export async function unprivilegedUser(): Promise<User | null> {
  if (process.getuid?.() !== 0) return null;
  const users = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const found = users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody");
  if (found === undefined) throw new Error("run as root, and there is neither a user postgres nor nobody");
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

export type Command = readonly [program: string, args: readonly string[]];

/** A program as this user that ends with this process. */
export function commandAs(user: User | null, argv: readonly string[]): Command {
  const [program = "", ...rest] = argv;
  if (user === null) return [program, rest];
  const as = [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
  return ["setpriv", [...as, "--pdeathsig=INT", program, ...rest]];
}

/** Runs it to its end and resolves with its stdout, without the last newline; rejects with its stderr. */
export function run([program, args]: Command, env: NodeJS.ProcessEnv, input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: "/", env, maxBuffer: 256 * 1024 * 1024 };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${program} failed:\n${stderr}`, { cause: error }));
      else resolve(stdout.replace(/\n$/, ""));
    });
    child.stdin?.on("error", () => {}); // an early exit shows in its code
    child.stdin?.end(input);
  });
}
