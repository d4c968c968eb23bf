import { constants } from "node:fs";
import { type FileHandle, mkdtemp, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail } from "../../../problems/dbops-error.ts";

/** A file that only its user can read, for programs that want one by name. */
export interface PrivateFile {
  /** To be given to the child under the number that `pathIn` is asked for. */
  readonly fd: number;
  /** Where the child finds it. */
  pathIn(childFd: number): string;
  /** false: on a disk, or nobody can tell. */
  readonly inMemory: boolean;
  /** Where it was made. */
  readonly folder: string;
  /** Never throws. */
  close(): Promise<void>;
}

const TMPFS = 0x01021994;
const RAMFS = 0x858458f6;

/** On Linux it has no name any more when this returns: whatever ends dbops, nothing is left. Throws TEMP_UNUSABLE. */
export async function makePrivateFile(
  content: readonly Uint8Array[],
  env: NodeJS.ProcessEnv,
  folders: readonly string[] = foldersOf(env),
): Promise<PrivateFile> {
  const failures: unknown[] = [];
  for (const folder of folders) {
    try {
      return await makeIn(folder, content);
    } catch (error) {
      failures.push(error); // missing, full, or not writable
    }
  }
  return fail(
    "TEMP_UNUSABLE",
    `no private file can be made in ${folders.join(" or ")}: ${failures.map(String).join("; ")}`,
    { fix: `df ${folders.join(" ")}`, cause: failures[0] },
  );
}

function foldersOf(env: NodeJS.ProcessEnv): readonly string[] {
  const runtime = env["XDG_RUNTIME_DIR"];
  return ["/dev/shm", ...(runtime === undefined || runtime === "" ? [] : [runtime]), tmpdir()];
}

/** The folder is its user's alone (mkdtemp); where the file cannot do without its name, folder and file go at `close`. */
async function makeIn(parent: string, content: readonly Uint8Array[]): Promise<PrivateFile> {
  const folder = await mkdtemp(join(parent, "dbops-load-"));
  const remove = () => rm(folder, { recursive: true, force: true }).catch(() => undefined);
  const path = join(folder, "archive-head");
  const nameless = process.platform === "linux";
  let file: FileHandle | null = null;
  try {
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    file = await open(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
    if (nameless) await remove();
    for (const part of content) await file.writeFile(part);
    const kept = file;
    return {
      fd: kept.fd,
      pathIn: (childFd) => (nameless ? `/proc/self/fd/${childFd}` : path),
      inMemory: await isMemory(parent),
      folder: parent,
      close: async () => {
        await kept.close().catch(() => undefined);
        await remove();
      },
    };
  } catch (error) {
    await file?.close();
    await remove();
    throw error;
  }
}

async function isMemory(folder: string): Promise<boolean> {
  const { type } = await statfs(folder);
  return type === TMPFS || type === RAMFS;
}
