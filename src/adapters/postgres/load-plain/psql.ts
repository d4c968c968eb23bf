import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { type ChildEnd, endOf, roomIn } from "../child-streams.ts";
import { tied } from "../tied.ts";
import type { Tool } from "../tools.ts";
import { type PsqlSaid, readPsqlMessages } from "./psql-messages.ts";

export interface PsqlEnd extends ChildEnd, PsqlSaid {
  /** The last thing that it printed. */
  readonly printed: string;
}

const KEPT_OUTPUT = 256;
const ARGS = [
  ...["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password", "--file=-"],
  ...["--set=ON_ERROR_STOP=1", "--set=VERBOSITY=verbose", "--set=SHOW_CONTEXT=never"],
];

/** psql that runs what it is given, to the first error; it dies with dbops. */
export class Psql {
  readonly ended: Promise<PsqlEnd>;
  readonly #child: ChildProcessWithoutNullStreams;

  /** `env` is whole, nothing is inherited: it says where to, and as whom. */
  constructor(tool: Tool, env: NodeJS.ProcessEnv) {
    const [command, ...args] = tied([tool.path, ...ARGS]);
    this.#child = spawn(command, args, { cwd: "/", env, stdio: "pipe" });
    this.#child.stdin.on("error", () => undefined); // it may end before it has read all: how it ended tells why
    this.ended = this.#settle();
  }

  /** Resolves when it takes more; false: it takes nothing any more. */
  async write(bytes: Buffer | string): Promise<boolean> {
    const { stdin } = this.#child;
    if (!stdin.writable) return false;
    if (!stdin.write(bytes)) await roomIn(stdin);
    return stdin.writable;
  }

  end(): void {
    this.#child.stdin.end();
  }

  /** What it has not committed is gone. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #settle(): Promise<PsqlEnd> {
    const messages = readPsqlMessages();
    let printed = "";
    this.#child.stderr.on("data", (chunk: Buffer) => messages.add(chunk));
    this.#child.stdout.on("data", (chunk: Buffer) => {
      printed = `${printed}${chunk.toString("latin1")}`.slice(-KEPT_OUTPUT);
    });
    const end = await endOf(this.#child);
    return { ...end, ...messages.finish(), printed };
  }
}
