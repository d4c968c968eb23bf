import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { ArchiveLister } from "../../ports/archive-lister.ts";
import { fail } from "../../problems/dbops-error.ts";
import { chunksOf } from "../store-wrappers/abortable-body.ts";
import { type ChildEnd, endOf, roomIn, textOf } from "./child-streams.ts";
import { tied } from "./tied.ts";
import { findTool, type Tool } from "./tools.ts";

/** pg_restore -l on a stream: it reads the head, the rest is read past it, so that the caller's own checks see every byte. */
export function archiveLister(env: NodeJS.ProcessEnv = process.env): ArchiveLister {
  return {
    async countEntries(archive, madeBy, signal) {
      archive.on("error", () => undefined); // told by the loop that reads it
      try {
        const major = Number(/(\d+)(\.\d+)*\s*$/.exec(madeBy)?.[1] ?? "0");
        const tool = await findTool("pg_restore", major, env, signal);
        return await listedBy(tool, { archive, env }, signal);
      } finally {
        if (!archive.readableEnded) archive.destroy();
      }
    },
  };
}

async function listedBy(
  tool: Tool,
  { archive, env }: { readonly archive: Readable; readonly env: NodeJS.ProcessEnv },
  signal: AbortSignal,
): Promise<number> {
  const [command, ...args] = tied([tool.path, "-l"]);
  const child = spawn(command, args, { cwd: "/", env: { PATH: env["PATH"], LC_ALL: "C" }, stdio: "pipe" });
  const ended = endOf(child);
  const stop = () => void child.kill("SIGKILL");
  signal.addEventListener("abort", stop);
  try {
    // The archive's own error rejects this at once and is the one to tell: pg_restore only saw a short input.
    const [list, errors] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      feed(archive, child, signal),
    ]);
    const end = await ended;
    signal.throwIfAborted();
    if (end.code !== 0) return failEnd(tool, end, errors.split("\n")[0] ?? "");
    return list.split("\n").filter((line) => line !== "" && !line.startsWith(";")).length;
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
    await ended;
  }
}

/** Only what pg_restore itself says speaks of the archive. */
function failEnd(tool: Tool, { code, killedBy, error }: ChildEnd, said: string): never {
  if (error !== null || code === 126 || code === 127)
    return fail("TOOL_MISSING", `${tool.path} does not start: ${error?.message ?? said}`, {
      fix: `${tool.path} --version`,
    });
  if (killedBy !== null) return fail("STEP_FAILED", `${tool.version} was killed by ${killedBy}`);
  return fail("OBJECT_DAMAGED", `${tool.version} cannot list the archive: ${said}`);
}

/** pg_restore closes its input when it has read enough: from there on the archive is only read. */
async function feed(
  archive: Readable,
  child: ChildProcessWithoutNullStreams,
  signal: AbortSignal,
): Promise<void> {
  const input = child.stdin;
  input.on("error", () => undefined);
  try {
    for await (const chunk of chunksOf(archive, signal)) {
      if (input.writable && !input.write(chunk)) await roomIn(input);
    }
  } finally {
    input.end();
  }
}
