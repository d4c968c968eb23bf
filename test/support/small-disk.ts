import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { programFile, type Ran } from "./dbops.ts";
import type { Workplace } from "./workplace.ts";

/** A file system of its own in a folder of a workplace, 2 MiB in memory. */
export interface SmallDisk {
  /** Where this process sees its files. */
  readonly path: string;
  /** Runs dbops in the workplace where the disk is mounted. */
  dbops(args: readonly string[]): Promise<Ran>;
  /** Mounts it anew: `ro`, `rw`, `size=64m`. */
  change(options: string): Promise<void>;
  unmount(): Promise<void>;
}

/** Mounts one: as root for everybody, else in a mount namespace of its own. */
export async function mountSmallDisk(workplace: Workplace, folder: string): Promise<SmallDisk> {
  const path = join(workplace.folder, folder);
  await mkdir(path, { recursive: true });
  const isRoot = process.getuid?.() === 0;
  const keeper = isRoot ? null : await keepNamespace();
  const enter =
    keeper === null ? [] : ["nsenter", "-t", String(keeper.pid), "-U", "-m", "--preserve-credentials"];
  const run = ([program = "", ...args]: readonly string[]) => promisify(execFile)(program, args);
  await run([...enter, "mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path]);
  return {
    path: keeper === null ? path : join("/proc", String(keeper.pid), "root", path),
    dbops: (args) => runIn(workplace, [...enter, process.execPath, programFile(), ...args]),
    change: async (options) => {
      await run([...enter, "mount", "-t", "tmpfs", "-o", `remount,${options}`, "tmpfs", path]);
    },
    unmount: async () => {
      await run([...enter, "umount", path]);
      keeper?.kill();
    },
  };
}

/** A process that does nothing but keep a user and mount namespace; whoever enters it may mount there. */
async function keepNamespace(): Promise<ChildProcess> {
  const script = "echo ready; exec sleep infinity";
  const keeper = spawn("unshare", ["-Urm", "setpriv", "--pdeathsig", "KILL", "sh", "-c", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [outcome] = await Promise.race([once(keeper.stdout, "data"), once(keeper, "exit")]);
  if (String(outcome).trim() !== "ready")
    throw new Error(
      "a small disk needs root, or user namespaces:\nsysctl kernel.unprivileged_userns_clone=1",
    );
  return keeper;
}

async function runIn(workplace: Workplace, [program = "", ...args]: readonly string[]): Promise<Ran> {
  const child = spawn(program, args, {
    cwd: workplace.folder,
    env: { ...process.env, CI: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code, signal] = await once(child, "close");
  return { code, signal, stdout, stderr };
}
