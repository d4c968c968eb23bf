import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { claimCopy } from "./cluster-data.ts";
import { memoryFolder } from "./memory-folder.ts";
import { type Cluster, type ClusterOptions, startCluster } from "./postgres-cluster.ts";
import { run } from "./server-user.ts";
import { copyWorkplace, makeWorkplace, type Workplace } from "./workplace.ts";

/** A server and a workplace, and what was noted down when they were made. */
export interface KeptWorld<T> {
  readonly cluster: Cluster;
  readonly template: Workplace;
  readonly made: T;
  stop(): Promise<void>;
}

/**
 * Starts a server and a workplace of its own that `make` was at work in. It was so once in a run of the tests: other files of tests
 * that ask for this name begin with a copy of what it left, seconds earlier. What it gives has to be JSON.
 */
export async function startKept<T>(
  name: string,
  make: (cluster: Cluster, template: Workplace) => Promise<T>,
  options: Pick<ClusterOptions, "settings"> = {},
): Promise<KeptWorld<T>> {
  const folder = join(process.env[RUN] ?? "/nowhere", name);
  const isMine = claimCopy();
  const kept = isMine ? await readFile(join(folder, "kept.json"), "utf8").catch(() => null) : null;
  if (kept !== null) return copyKept(folder, JSON.parse(kept) as Kept<T>, options); // written below
  const [cluster, template] = await Promise.all([
    startCluster({ inMemory: true, ...options }),
    makeWorkplace(),
  ]);
  const stop = () => stopAll(cluster, template);
  try {
    const made = await make(cluster, template);
    if (isMine && options.settings === undefined) await keep(folder, { cluster, template, made });
    return { cluster, template, made, stop };
  } catch (error) {
    await stop(); // nobody else can
    throw error;
  }
}

interface Kept<T> {
  readonly password: string;
  readonly recipient: string;
  readonly made: T;
}

async function copyKept<T>(
  folder: string,
  { password, recipient, made }: Kept<T>,
  options: Pick<ClusterOptions, "settings">,
): Promise<KeptWorld<T>> {
  const copyOf = { data: join(folder, "data"), password };
  const [cluster, template] = await Promise.all([
    startCluster({ inMemory: true, ...options, copyOf }),
    copyWorkplace({ folder: join(folder, "workplace"), recipient }),
  ]);
  return { cluster, template, made, stop: () => stopAll(cluster, template) };
}

async function stopAll(cluster: Cluster, template: Workplace): Promise<void> {
  await template.remove();
  await cluster.stop();
}

/** Only one of those that make the same at the same time keeps it. */
async function keep<T>(folder: string, world: Omit<KeptWorld<T>, "stop">): Promise<void> {
  const { cluster, template, made } = world;
  const work = `${folder}.made`;
  const isFirst = await mkdir(work).then(
    () => true,
    () => false, // another file of tests is at it, or this run keeps nothing
  );
  if (!isFirst) return;
  await cluster.halt();
  await run(["cp", ["-a", cluster.dataFolder, join(work, "data")]], process.env);
  await cluster.startAgain();
  await run(["cp", ["-a", template.folder, join(work, "workplace")]], process.env);
  const kept: Kept<T> = { password: cluster.password, recipient: template.recipient, made };
  await writeFile(join(work, "kept.json"), JSON.stringify(kept));
  await rename(work, folder);
}

const RUN = "DBOPS_TEST_RUN";
const PREFIX = "dbops-run-";

/** Makes the folder in which this run keeps worlds, and removes those of runs that were killed; gives what removes it. */
export async function offerKeeping(): Promise<() => Promise<void>> {
  const parent = memoryFolder();
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(PREFIX) ? name.slice(PREFIX.length).split("-")[0] : undefined;
    if (pid !== undefined && !(await isRunning(pid)))
      await rm(join(parent, name), { recursive: true, force: true });
  }
  const folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
  process.env[RUN] = folder;
  return () => rm(folder, { recursive: true, force: true });
}

async function isRunning(pid: string): Promise<boolean> {
  return readFile(`/proc/${pid}/stat`).then(
    () => true,
    () => false,
  );
}
