import { open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type Instant, instantOf } from "../../model/instant.ts";
import { scratchOf } from "./file-keys.ts";
import { orAbsent } from "./file-problems.ts";

/** The clock that dates the files of a folder: on a network disk, its server's. */
export interface FolderClock {
  /** Now. Never throws. */
  now(): Promise<Instant>;
}

/** This host's clock, for those who only look: they write nothing, and they take no lock. */
export const hostClock: FolderClock = { now: async () => instantOf(Date.now()) };

/**
 * Reads the clock off a scratch file that is made and removed at once, at most once in a second; in between the time
 * that passed is added. The scratch file is no object: no listing shows it. Where the folder cannot be written, no lock
 * can be taken either, and this host's clock has to do.
 */
export function folderClock(root: string): FolderClock {
  let reading: Promise<Reading> | null = null;
  let readFromMs = 0;
  return {
    async now() {
      if (reading === null || performance.now() - readFromMs > FRESH_MS) {
        readFromMs = performance.now();
        reading = readClock(root);
      }
      const { folderMs, takenAtMs } = await reading;
      return instantOf(Math.floor(folderMs + performance.now() - takenAtMs));
    },
  };
}

const FRESH_MS = 1000;

interface Reading {
  /** What the folder's clock said. */
  readonly folderMs: number;
  /** When, by a clock of this process that nobody sets. */
  readonly takenAtMs: number;
}

/** Taken after the answer: late rather than early, so that a slow disk makes no lock look older than it is. */
async function readClock(root: string): Promise<Reading> {
  const folderMs = await dateOf(root).catch(() => Date.now());
  return { folderMs, takenAtMs: performance.now() };
}

async function dateOf(root: string): Promise<number> {
  return (await orAbsent(dateIn(join(root, "_dbops")))) ?? (await dateIn(root));
}

async function dateIn(folder: string): Promise<number> {
  const scratch = scratchOf(folder);
  const handle = await open(scratch, "wx", 0o640);
  try {
    return (await handle.stat()).mtimeMs;
  } finally {
    await handle.close();
    await unlink(scratch);
  }
}
