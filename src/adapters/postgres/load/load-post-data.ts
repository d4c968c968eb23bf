import type { ArchiveEntry } from "../../../model/archive-contents.ts";
import { renderArchiveList } from "./archive-list.ts";
import { makePrivateFile, type PrivateFile } from "./private-file.ts";
import type { EntryFailure } from "./restore-messages.ts";
import { type RestoreCall, type Restored, settleRestore, startRestore } from "./run-restore.ts";

/** Indexes, constraints and what else follows the data. */
export interface PostData {
  /** The archive's head, in which all of it stands. */
  readonly head: PrivateFile;
  readonly wanted: readonly ArchiveEntry[];
  readonly jobs: number;
  readonly env: NodeJS.ProcessEnv;
}

/** Parallel sessions that lock several tables may meet a deadlock: rarely, and hardly ever twice. */
const MAX_RETRIES = 3;

/**
 * post-data from the archive's head, with several sessions. After a deadlock all that failed is tried once more with one
 * session, since what failed beside it may have needed it.
 */
export async function loadPostData(
  call: RestoreCall,
  post: PostData,
  signal: AbortSignal,
): Promise<Restored> {
  let { failures, warnings } = await runPostData(call, post, signal);
  for (let retries = 0; retries < MAX_RETRIES && failures.some(isDeadlock); retries++) {
    const failed = new Set(failures.map(({ id }) => id));
    const wanted = post.wanted.filter(({ id }) => failed.has(id));
    const retried = await runPostData(call, { ...post, wanted, jobs: 1 }, signal);
    const note = `after a deadlock ${wanted.length} entries were loaded again with one session`;
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

async function runPostData(call: RestoreCall, post: PostData, signal: AbortSignal): Promise<Restored> {
  const list = await makePrivateFile([Buffer.from(renderArchiveList(post.wanted))], post.env);
  try {
    signal.throwIfAborted();
    const { jobs, head: archive } = post;
    const run = startRestore(call, { sections: ["post-data"], jobs, list, archive });
    return await settleRestore(run, async () => undefined, signal);
  } finally {
    await list.close();
  }
}
