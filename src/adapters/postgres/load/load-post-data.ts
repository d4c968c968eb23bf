import type { ArchiveEntry } from "../../../model/archive-contents.ts";
import { renderArchiveList } from "./archive-list.ts";
import { makePrivateFile, type PrivateFile } from "./private-file.ts";
import type { EntryFailure } from "./restore-messages.ts";
import { type RestoreCall, type Restored, settleRestore, startRestore } from "./run-restore.ts";

/** Indexes, constraints and what else follows the data. */
export interface PostData {
  /** The archive's head, in which all of it stands. */
  readonly head: PrivateFile;
  readonly jobs: number;
  readonly env: NodeJS.ProcessEnv;
}

/** Loads what is of post-data among these entries, with so many sessions. */
export type LoadEntries = (some: readonly ArchiveEntry[], jobs: number) => Promise<Restored>;

/** Parallel sessions that lock several tables may meet a deadlock: rarely, and hardly ever twice. */
const MAX_RETRIES = 3;

/**
 * Tries once more, with one session, all that failed, where a deadlock was among it: what failed beside it may have
 * needed it.
 */
export async function retryDeadlocks(
  restored: Restored,
  wanted: readonly ArchiveEntry[],
  load: LoadEntries,
): Promise<Restored> {
  let { failures, warnings } = restored;
  for (let retries = 0; retries < MAX_RETRIES && failures.some(isDeadlock); retries++) {
    const failed = new Set(failures.map(({ id }) => id));
    const again = wanted.filter(({ id }) => failed.has(id));
    const retried = await load(again, 1);
    const note = `after a deadlock ${again.length} entries were loaded again with one session`;
    failures = mergeRetry(failures, retried.failures);
    warnings = [...warnings, note, ...retried.warnings];
  }
  return { failures, warnings };
}

/** What fails again for another reason than a deadlock failed for the reason that was told first. */
export function mergeRetry(
  before: readonly EntryFailure[],
  after: readonly EntryFailure[],
): readonly EntryFailure[] {
  const again = new Set(after.map(({ id }) => id));
  const lasting = before.filter((one) => again.has(one.id) && !isDeadlock(one));
  const told = new Set(lasting.map(({ id }) => id));
  return [...lasting, ...after.filter(({ id }) => !told.has(id))];
}

function isDeadlock({ message }: EntryFailure): boolean {
  return message === "deadlock detected";
}

/** Post-data among these entries, from the archive's head. */
export async function loadPostData(
  call: RestoreCall,
  { head: archive, env, jobs }: PostData,
  wanted: readonly ArchiveEntry[],
  signal: AbortSignal,
): Promise<Restored> {
  const list = await makePrivateFile([Buffer.from(renderArchiveList(wanted))], env);
  try {
    signal.throwIfAborted();
    const run = startRestore(call, { sections: ["post-data"], jobs, list, archive });
    return await settleRestore(run, async () => undefined, signal);
  } finally {
    await list.close();
  }
}
