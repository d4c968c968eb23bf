import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { memoryFolder } from "./memory-folder.ts";
import { commandAs, run, type User, unprivilegedUser } from "./server-user.ts";

export const SUPERUSER = "postgres";

/** Where a new cluster is to be, and who runs it. */
export interface DataPlace {
  readonly data: string;
  /** With `password`, for the superuser. */
  readonly passwordFile: string;
  readonly password: string;
  /** The folder with the server's programs. */
  readonly bin: string;
  readonly owner: User | null;
}

/** The cluster that another one streams from. */
export interface Streamed {
  readonly host: string;
  readonly port: number;
}

/** Makes the data of a cluster of its own, with its own system identifier. */
export async function makeData(place: DataPlace): Promise<void> {
  await make(place, [
    join(place.bin, "initdb"),
    ...["-D", place.data, "-U", SUPERUSER, "--pwfile", place.passwordFile],
    ...["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
  ]);
}

/** Makes the data of a standby. */
export async function copyPrimary(place: DataPlace, primary: Streamed): Promise<void> {
  await make(place, [
    join(place.bin, "pg_basebackup"),
    ...["-D", place.data, "-h", primary.host, "-p", String(primary.port), "-U", SUPERUSER],
    ...["-R", "--checkpoint=fast", "--no-sync"],
  ]);
}

async function make({ owner, password }: DataPlace, argv: readonly string[]): Promise<void> {
  await run(commandAs(owner, argv), { ...process.env, PGPASSWORD: password, LC_ALL: "C" });
}

/** The data of a new cluster to copy, which takes a tenth of the time that initdb takes. */
export interface ClusterTemplate {
  readonly data: string;
  readonly password: string;
}

const TEMPLATE = "DBOPS_TEST_CLUSTER";

let isClaimed = false;

/** True once in a process: two clusters of one test never are copies, which have the same system identifier. */
export function claimCopy(): boolean {
  if (isClaimed) return false;
  isClaimed = true;
  return true;
}

/** The one that the run of the tests was prepared with; null when there is none, or a copy was started here already. */
export async function takeTemplate(): Promise<ClusterTemplate | null> {
  const folder = process.env[TEMPLATE];
  if (folder === undefined || !claimCopy()) return null;
  return { data: join(folder, "data"), password: await readFile(join(folder, "password"), "utf8") };
}

export async function copyTemplate({ data }: ClusterTemplate, place: DataPlace): Promise<void> {
  await run(["cp", ["-a", "--reflink=auto", data, place.data]], process.env);
}

/** Makes a template in a folder of caches unless it is there, and offers it to every test of this run. */
export async function offerTemplate(cache: string, bin: string): Promise<void> {
  const owner = await unprivilegedUser();
  const version = (await run([join(bin, "postgres"), ["--version"]], process.env)).replaceAll(
    /[^\w.]+/g,
    "-",
  );
  const folder = join(cache, `cluster-of-${owner?.uid ?? process.getuid?.()}-${version}`);
  const isThere = await readFile(join(folder, "password")).catch(() => null);
  if (isThere === null) await makeTemplate(folder, { bin, owner });
  process.env[TEMPLATE] = folder;
}

/** Another run may make the same one meanwhile: the first that is complete stays. */
async function makeTemplate(folder: string, { bin, owner }: Pick<DataPlace, "bin" | "owner">): Promise<void> {
  const work = await mkdtemp(join(memoryFolder(), "dbops-template-"));
  const ready = `${folder}.${process.pid}`;
  try {
    await chmod(work, 0o755);
    const password = randomBytes(12).toString("hex");
    const made = join(work, "made");
    const place = { data: join(made, "data"), passwordFile: join(made, "password"), password, bin, owner };
    await mkdir(made);
    await writeFile(place.passwordFile, password, { mode: 0o600 });
    if (owner !== null)
      for (const path of [made, place.passwordFile]) await chown(path, owner.uid, owner.gid);
    await makeData(place);
    await mkdir(join(folder, ".."), { recursive: true });
    await run(["cp", ["-a", made, ready]], process.env);
    await rename(ready, folder).catch(() => undefined); // another run was faster
  } finally {
    for (const path of [work, ready]) await rm(path, { recursive: true, force: true });
  }
}
