import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Running } from "./dbops.ts";
import { storeFolder, until } from "./store-files.ts";
import type { Workplace } from "./workplace.ts";

/** An apply that stands in the middle of a deletion: the manifest is gone, a proof is still there. */
export interface StalledDeletion {
  readonly running: Running;
  /** Of the backup that is being deleted. */
  readonly stamp: string;
  goOn(): Promise<void>;
}

/** Starts an apply, one unit at a time, and lets its first deletion in `primary` wait before the proofs that lie beside the backup. */
export async function stallMidDeletion(
  workplace: Workplace,
  plan: string,
  stamps: readonly string[],
): Promise<StalledDeletion> {
  const goOn = join(workplace.folder, "go-on");
  const preload = pathToFileURL(join(import.meta.dirname, "stalled-unlink.ts"));
  const running = workplace.start(["apply", plan, "--yes", "--parallelism", "1"], {
    NODE_OPTIONS: `--import ${preload}`,
    DBOPS_TEST_GO_ON: goOn,
  });
  const folder = (stamp: string) => join(storeFolder(workplace, "primary"), "app", stamp);
  const stamp = await until(async () =>
    stamps.find((one) => !existsSync(join(folder(one), "manifest.json"))),
  );
  return { running, stamp, goOn: () => writeFile(goOn, "") };
}
