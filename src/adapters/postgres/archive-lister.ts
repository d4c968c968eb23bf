import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { ArchiveLister } from "../../ports/archive-lister.ts";
import { fail } from "../../problems/dbops-error.ts";
import { findTool } from "./tools.ts";

/** pg_restore -l on a stream: it reads the head, the rest is read past it, so that the caller's own checks see every byte. */
export function archiveLister(env: NodeJS.ProcessEnv = process.env): ArchiveLister {
  return {
    async countEntries(archive, madeBy, signal) {
      archive.on("error", () => undefined); // reported by the loop that reads it
      const major = Number(/(\d+)(\.\d+)*\s*$/.exec(madeBy)?.[1] ?? "0");
      const tool = await findTool("pg_restore", major, env, signal);
      const child = spawn(tool.path, ["-l"], {
        env: { PATH: env["PATH"], LC_ALL: "C" },
        stdio: "pipe",
        signal,
      });
      child.on("error", () => undefined); // its exit code tells
      child.stdin.on("error", () => undefined); // it closes its input when it has read enough
      const closed: Promise<unknown[]> = once(child, "close");
      const [list, errors] = await Promise.all([
        textOf(child.stdout),
        textOf(child.stderr),
        feed(archive, child.stdin),
      ]);
      const [code] = await closed;
      signal.throwIfAborted();
      if (code !== 0)
        fail("OBJECT_DAMAGED", `${tool.version} cannot list the archive: ${errors.split("\n")[0] ?? ""}`);
      return list.split("\n").filter((line) => line !== "" && !line.startsWith(";")).length;
    },
  };
}

async function feed(archive: Readable, input: Writable): Promise<void> {
  try {
    for await (const chunk of archive) {
      if (!input.writable) continue;
      if (!input.write(chunk))
        await Promise.race([once(input, "drain"), once(input, "close")]).catch(() => undefined);
    }
  } finally {
    input.end();
  }
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
