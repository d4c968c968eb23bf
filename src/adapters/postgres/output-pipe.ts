import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type OnReadOpts, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail } from "../../problems/dbops-error.ts";
import { shellQuoted } from "../../problems/shell-quoted.ts";

/** A pipe that is read into buffers of the reader's own, which a child's stdout is not: no allocation for each read. */
export interface OutputPipe {
  readonly reader: Socket;
  /** For the child; to be destroyed here as soon as the child has it, or the reader never sees an end. */
  readonly writer: Socket;
}

/** The reader gets its bytes by `onread` only. The pipe has no name any more when this returns. Throws TEMP_UNUSABLE. */
export async function openPipe(
  onread: OnReadOpts,
  folders: readonly string[] = [tmpdir(), "/dev/shm"],
): Promise<OutputPipe> {
  const failures: unknown[] = [];
  for (const folder of folders) {
    try {
      return await openIn(folder, onread);
    } catch (error) {
      failures.push(error); // missing, full, not writable, or too long a path for a socket
    }
  }
  return fail(
    "TEMP_UNUSABLE",
    `no socket can be made in ${folders.join(" or ")}: ${failures.map(String).join("; ")}`,
    {
      fix: `ls -ld ${folders.map(shellQuoted).join(" ")}`,
      cause: failures[0],
    },
  );
}

/** The folder is its user's alone (mkdtemp), so that nobody else can connect first. */
async function openIn(parent: string, onread: OnReadOpts): Promise<OutputPipe> {
  const folder = await mkdtemp(join(parent, "dbops-"));
  const server = createServer({ pauseOnConnect: true });
  try {
    const path = join(folder, "s");
    await once(server.listen(path), "listening");
    const accepted = once(server, "connection");
    const reader = connect({ path, onread });
    await once(reader, "connect");
    const [writer] = (await accepted) as [Socket]; // what node:net documents
    return { reader, writer };
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
