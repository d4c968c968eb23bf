import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";

const MEMORY = "/dev/shm";
/** What two files of tests need at a time, and more. */
const ENOUGH_BYTES = 2 ** 31;

/** Where what the tests throw away costs no disk: in memory where the machine has enough of it, else the temporary folder. */
export function memoryFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ENOUGH_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir(); // not a Linux machine
  }
}
