import { open, readdir, readlink, rename, stat, symlink, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { ObjectInfo } from "../../ports/object-store.ts";
import { fail } from "../../problems/dbops-error.ts";
import { shellQuoted } from "../../problems/shell-quoted.ts";
import { type FileInfo, fileInfoOf, objectInfoOf, statFile } from "./file-info.ts";
import { candidateOf, decisionOf, parseNext, pathOf } from "./file-keys.ts";
import { codeOf, orAbsent, reaching, requireFolder } from "./file-problems.ts";
import { syncFolder } from "./folders.ts";
import { writeFile } from "./write-file.ts";

/**
 * Compare and set without flock, which Node does not have, and without a lock that could outlive its holder.
 *
 * Who follows the content with etag E is decided by one exclusive creation: the symbolic link `<key>.next.<E>`, whose
 * target is the file name of the winner's content, the candidate. The decision is carried out by renaming the candidate
 * over the key; anyone may do that, so a crash in between is finished by whoever comes next (`settle`).
 *
 * Why at most one caller wins, whatever pauses and crashes lie between two calls:
 * 1. No etag comes twice for one key: it holds the time of change, and a candidate's is made later than E's.
 * 2. A decision about E is only removed by one who saw that the key is past E, so while the key has E there is at most
 *    one decision about E, and the first stays. One that is created too late hangs in the air: by 1 nobody will ever look for it.
 * 3. `settle` looks at the key *after* it read the decision. If it still has E, the decision is the one about E, and the
 *    key can only leave E by that candidate's rename. A candidate's name is random and used once, so that rename happens
 *    once; a second one, however late, finds no file and cannot bring an old content back.
 * 4. A caller has won exactly when its candidate was renamed, that is when its name is gone: nobody else removes it
 *    (but for the clearing of what is older than a day, which is why a call that took too long claims nothing).
 */
export async function replaceFile(
  root: string,
  key: string,
  change: { readonly body: Uint8Array; readonly expect: { readonly etag: string } | "absent" },
  signal: AbortSignal,
): Promise<ObjectInfo | "changed" | "absent"> {
  const path = pathOf(root, key);
  signal.throwIfAborted();
  if (change.expect === "absent") {
    const body = Readable.from(change.body.length === 0 ? [] : [change.body], { objectMode: false });
    const created = await writeFile(root, key, body, signal);
    return created === "exists" ? "changed" : created;
  }
  const { etag } = change.expect;
  return reaching(root, "write", async () => {
    const current = await settle(path);
    if (current === null) await requireFolder(root);
    if (current?.etag !== etag) return current === null ? "absent" : "changed";
    const begunAt = Date.now();
    const candidate = candidateOf(path, etag);
    const next = await prepare(candidate, change.body, current.mtimeNs);
    if (!(await isDecided(decisionOf(path, etag), candidate))) return lost(candidate);
    await settle(path); // from here on the outcome is settled even if this process dies
    if ((await orAbsent(unlink(candidate))) !== null) return "changed";
    if (Date.now() - begunAt > ABANDONED_MS / 2)
      fail("STORE_UNWRITABLE", `${path}: the write took so long that its outcome is not known`);
    await clear(path, next.etag);
    return objectInfoOf(key, next);
  });
}

/** Removes the decisions and candidates of a key that is gone. */
export async function clearDecisions(path: string): Promise<void> {
  for (const name of await readdir(dirname(path)))
    if (parseNext(basename(path), name) !== null) await orAbsent(unlink(join(dirname(path), name)));
}

const ABANDONED_MS = 24 * 3_600_000;

/** Carries out every decision that waits; the file as it stands then, null when there is none. */
async function settle(path: string): Promise<FileInfo | null> {
  for (;;) {
    const current = await statFile(path);
    if (current === null) return null;
    const decision = decisionOf(path, current.etag);
    const name = await orAbsent(readlink(decision));
    if (name === null) return current;
    if ((await statFile(path))?.etag !== current.etag) continue;
    const renamed = await orAbsent(rename(join(dirname(path), name), path).then(() => true));
    if (renamed) await syncFolder(dirname(path));
    else if ((await statFile(path))?.etag === current.etag)
      fail("STORE_UNWRITABLE", `${decision} names a file that is gone: somebody removed it by hand`, {
        fix: `make sure that no dbops runs, then:\nrm ${shellQuoted(decision)}`,
      });
  }
}

/** Writes a candidate, safe on disk and dated later than what it would follow. */
async function prepare(candidate: string, body: Uint8Array, after: bigint): Promise<FileInfo> {
  const handle = await open(candidate, "wx", 0o640);
  try {
    await handle.writeFile(body);
    let info = fileInfoOf(await handle.stat({ bigint: true }));
    for (const laterMs of LATER_MS) {
      if (info.mtimeNs > after) break;
      const at = (Number(after / 1_000_000n) + laterMs) / 1000;
      await handle.utimes(at, at);
      info = fileInfoOf(await handle.stat({ bigint: true }));
    }
    if (info.mtimeNs <= after) fail("STORE_UNWRITABLE", `${candidate}: the file system does not keep times`);
    await handle.sync();
    return info;
  } finally {
    await handle.close();
  }
}

/** Two replacements within one tick of the file system's clock: enough for ticks of milliseconds, then for those of seconds. */
const LATER_MS = [2, 100, 3000];

async function isDecided(decision: string, candidate: string): Promise<boolean> {
  await syncFolder(dirname(decision)); // the candidate's name must be safe before the decision that names it
  try {
    await symlink(basename(candidate), decision);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Another decision stood there first: ours was never named in one, so nobody can have renamed it. */
async function lost(candidate: string): Promise<"changed"> {
  await orAbsent(unlink(candidate));
  return "changed";
}

/** Removes decisions that the key is past, and candidates that a crash left a day ago. */
async function clear(path: string, etag: string): Promise<void> {
  const current = (await statFile(path))?.etag;
  for (const name of await readdir(dirname(path))) {
    const next = parseNext(basename(path), name);
    if (next === null || next.etag === etag || next.etag === current) continue;
    const file = join(dirname(path), name);
    if (next.candidate) {
      const stats = await orAbsent(stat(file));
      if (stats === null || Date.now() - stats.mtimeMs < ABANDONED_MS) continue;
    }
    await orAbsent(unlink(file));
  }
}
