import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { World } from "./backed-up-world.ts";
import type { Running, RunOptions } from "./dbops.ts";
import { type HeldLock, stallDumps } from "./held-lock.ts";
import { descendantsOf, type LivingProcess } from "./processes.ts";
import { filesOf, storeFolder, until } from "./store-files.ts";
import type { Workplace } from "./workplace.ts";

/** An apply whose dump waits in its middle until the lock is released. */
export interface Stalled {
  readonly running: Running;
  /** Of the backup that is being written. */
  readonly stamp: string;
  readonly lock: HeldLock;
}

/** Starts an apply and lets its dump stop when the first MiB of the archive are in the store. */
export async function stallMidUpload(
  world: World,
  workplace: Workplace,
  run: { readonly plan: string; readonly env?: RunOptions["env"] },
): Promise<Stalled> {
  const lock = await stallDumps(world.cluster, "app");
  const running = workplace.start(["apply", run.plan], run.env);
  const part = await until(async () => {
    const files = await filesOf(workplace, "primary");
    const found = files.find((file) => /\.dump\.zst\.age\.[0-9a-f]+\.part$/.test(file));
    if (found === undefined) return null;
    const { size } = await stat(join(storeFolder(workplace, "primary"), found));
    return size > 1024 * 1024 ? found : null;
  });
  return { running, lock, stamp: part.split("/")[1] ?? "" };
}

/** The pg_dump of a running dbops, once there is one. */
export function dumpOf(running: Running): Promise<LivingProcess> {
  return until(async () =>
    descendantsOf(running.child.pid ?? 0).find(({ argv }) => argv[0]?.endsWith("/pg_dump")),
  );
}
