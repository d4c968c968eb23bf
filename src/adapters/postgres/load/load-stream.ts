import type { ArchiveEntry } from "../../../model/archive-contents.ts";
import type { ArchiveHead } from "./archive-head.ts";
import { renderArchiveList } from "./archive-list.ts";
import { makePrivateFile } from "./private-file.ts";
import {
  type RestoreCall,
  type Restored,
  type RunningRestore,
  settleRestore,
  startRestore,
  writeTo,
} from "./run-restore.ts";

/** An archive on its way. */
export interface ArchiveSource {
  readonly head: ArchiveHead;
  /** What follows the chunks that the head took. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Ends the wait for a chunk with this reason. */
  giveUp(reason: unknown): void;
}

export interface Streamed {
  readonly wanted: readonly ArchiveEntry[];
  readonly env: NodeJS.ProcessEnv;
  /** As `RestoreRun.onData`. */
  onData(table: string): void;
}

/** pre-data and data, in one session, while the archive passes; all of it is read, also what pg_restore does not need. */
export async function loadStream(
  call: RestoreCall,
  source: ArchiveSource,
  what: Streamed,
  signal: AbortSignal,
): Promise<Restored> {
  const list = await makePrivateFile([Buffer.from(renderArchiveList(what.wanted))], what.env);
  try {
    signal.throwIfAborted();
    const sections = ["pre-data", "data"];
    const run = startRestore(call, { sections, jobs: 1, list, archive: null, onData: what.onData });
    run.ended.catch(source.giveUp); // no stalled stream keeps it waiting
    return await settleRestore(run, () => feed(source, run), signal);
  } finally {
    await list.close();
  }
}

/** An error of the stream is thrown before anything tells pg_restore that its input has ended. */
async function feed({ head, chunks }: ArchiveSource, { input, ended }: RunningRestore): Promise<void> {
  if (input === null) return;
  for (const chunk of head.taken) await writeTo(input, chunk);
  for await (const chunk of chunks) {
    if (!input.writable) await ended; // it has all that it needs, or it failed
    await writeTo(input, chunk);
  }
  input.end();
}
