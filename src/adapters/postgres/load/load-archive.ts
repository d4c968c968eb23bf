import type { ArchiveEntry } from "../../../model/archive-contents.ts";
import type { Load, LoadFailure, LoadReport } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { chunksOf } from "../../store-wrappers/abortable-body.ts";
import { childEnvironment } from "../child-environment.ts";
import type { AdminAccess } from "../restore-target/admin-access.ts";
import { readArchiveHead } from "./archive-head.ts";
import { parseArchiveList } from "./archive-list.ts";
import { loadPostData } from "./load-post-data.ts";
import { type ArchiveSource, loadStream } from "./load-stream.ts";
import { makePrivateFile, type PrivateFile } from "./private-file.ts";
import type { EntryFailure } from "./restore-messages.ts";
import { findRestoreTool } from "./restore-tool.ts";
import type { RestoreCall } from "./run-restore.ts";
import { assertStillSame, openTargetDatabase } from "./target-database.ts";

/** `RestoreTarget.load`. Throws TARGET_CHANGED also when the database is not empty or another one. */
export async function loadArchive(access: AdminAccess, load: Load, signal: AbortSignal): Promise<LoadReport> {
  const { archive, into } = load;
  const { env } = access;
  archive.on("error", () => undefined); // told by who reads it
  try {
    const { target, serverMajor } = await openTargetDatabase(access, into, signal);
    const tool = await findRestoreTool({ madeBy: load.madeBy, serverMajor }, env, signal);
    const { endpoint } = target;
    const place = `${into.name} at ${endpoint}`;
    const call = { tool, env: childEnvironment(target, env), place, endpoint };
    const report = await loadEntries({ call, load, env }, signal);
    await assertStillSame(access, into, signal);
    return report;
  } finally {
    if (!archive.readableEnded) archive.destroy();
  }
}

interface Loading {
  readonly call: RestoreCall;
  readonly load: Load;
  readonly env: NodeJS.ProcessEnv;
}

async function loadEntries({ call, load, env }: Loading, signal: AbortSignal): Promise<LoadReport> {
  const dead = new AbortController();
  const chunks = counted(chunksOf(load.archive, AbortSignal.any([signal, dead.signal])), load);
  const head = await readArchiveHead(chunks, { tool: call.tool, env }, signal);
  const entries = parseArchiveList(head.list);
  const wanted = withoutSkipped(entries, load.skip);
  const file = await makePrivateFile([Buffer.concat(head.taken).subarray(0, head.bytes)], env);
  try {
    const source: ArchiveSource = { head, chunks, giveUp: (reason) => dead.abort(reason) };
    const first = await loadStream(call, source, { wanted, env }, signal);
    const second = await loadPostData(call, { head: file, wanted, jobs: load.jobs, env }, signal);
    return {
      program: call.tool.version,
      entries,
      failures: withTexts([...first.failures, ...second.failures], entries),
      warnings: [...placeWarnings(file), ...first.warnings, ...second.warnings],
    };
  } finally {
    await file.close();
  }
}

async function* counted(chunks: AsyncIterable<Buffer>, load: Load): AsyncGenerator<Buffer, void> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    load.onProgress(bytes);
    yield chunk;
  }
}

/** An entry to be left out that the archive does not have was reviewed for another archive. */
function withoutSkipped(entries: readonly ArchiveEntry[], skip: readonly string[]): readonly ArchiveEntry[] {
  const skipped = new Set(skip);
  const wanted = entries.filter((entry) => !skipped.has(entry.text));
  for (const { text } of entries) skipped.delete(text);
  const [unknown] = skipped;
  if (unknown === undefined) return wanted;
  return fail("LOAD_FAILED", `the archive has no entry to leave out that is called ${unknown}`, {
    fix: "plan the restore again",
  });
}

function withTexts(
  failures: readonly EntryFailure[],
  entries: readonly ArchiveEntry[],
): readonly LoadFailure[] {
  const texts = new Map(entries.map(({ id, text }) => [id, text]));
  return failures.map(({ id, message }) => {
    const entry = texts.get(id);
    if (entry === undefined)
      return fail("LOAD_FAILED", `pg_restore names an entry ${id} that it did not list`);
    return { entry, message, sqlstate: null }; // pg_restore prints none
  });
}

function placeWarnings({ inMemory, folder }: PrivateFile): readonly string[] {
  if (inMemory) return [];
  return [
    `the archive's statements, and up to a MiB of data, stood in a nameless file in ${folder}, which is no memory file system`,
  ];
}
