import type { ArchiveEntry } from "../../../model/archive-contents.ts";
import type { Load, LoadFailure, LoadReport } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { chunksOf } from "../../store-wrappers/abortable-body.ts";
import { childEnvironment } from "../child-environment.ts";
import type { AdminAccess } from "../restore-target/admin-access.ts";
import { readDependencies } from "./archive-dependencies.ts";
import { readArchiveHead } from "./archive-head.ts";
import { parseArchiveList } from "./archive-list.ts";
import { type LoadEntries, loadPostData } from "./load-post-data.ts";
import { type ArchiveSource, loadStream } from "./load-stream.ts";
import { PostDataBuilder } from "./post-data-builder.ts";
import { makePrivateFile, type PrivateFile } from "./private-file.ts";
import type { EntryFailure } from "./restore-messages.ts";
import { findRestoreTool } from "./restore-tool.ts";
import type { RestoreCall, Restored } from "./run-restore.ts";
import { assertStillSame, openTargetDatabase } from "./target-database.ts";

/** `RestoreTarget.load`. Throws TARGET_CHANGED also when the database is not empty or another one. */
export async function loadArchive(access: AdminAccess, load: Load, signal: AbortSignal): Promise<LoadReport> {
  const { archive, into } = load;
  const { env } = access;
  archive.on("error", () => undefined); // told by who reads it
  try {
    const { target, serverMajor } = await openTargetDatabase(access, load, signal);
    const tool = await findRestoreTool({ madeBy: load.madeBy, serverMajor }, env, signal);
    const { endpoint } = target;
    const place = `${into.name} at ${endpoint}`;
    const { ignoreTablespaces = false } = load;
    const call = { tool, env: childEnvironment(target, env), place, endpoint, ignoreTablespaces };
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
  const alive = AbortSignal.any([signal, dead.signal]);
  const chunks = counted(chunksOf(load.archive, alive), load);
  const head = await readArchiveHead(chunks, { tool: call.tool, env }, signal);
  const entries = parseArchiveList(head.list);
  const wanted = withoutSkipped(entries, load.skip);
  const file = await makePrivateFile([Buffer.concat(head.taken).subarray(0, head.bytes)], env);
  try {
    const stream = { head, chunks, giveUp: (reason: unknown) => dead.abort(reason) };
    const archive = { stream, wanted, file, jobs: load.jobs, env };
    const { failures, warnings } = await loadSections(call, archive, { signal, alive });
    return {
      program: call.tool.version,
      entries,
      failures: withTexts(failures, entries),
      warnings: [...placeWarnings(file), ...warnings],
    };
  } finally {
    await file.close();
  }
}

interface OpenArchive {
  readonly stream: ArchiveSource;
  readonly wanted: readonly ArchiveEntry[];
  /** Its head. */
  readonly file: PrivateFile;
  readonly jobs: number;
  readonly env: NodeJS.ProcessEnv;
}

/** `alive`: aborts with the caller's signal, and as soon as one of what runs side by side is broken. */
async function loadSections(
  call: RestoreCall,
  { stream, wanted, file, jobs, env }: OpenArchive,
  { signal, alive }: { readonly signal: AbortSignal; readonly alive: AbortSignal },
): Promise<Restored> {
  const needs = jobs > 1 ? await readDependencies(file, { tool: call.tool, env }, signal) : new Map();
  const load: LoadEntries = (some, sessions) =>
    loadPostData(call, { head: file, jobs: sessions, env }, some, alive);
  const builder = new PostDataBuilder({ entries: wanted, needs }, { jobs, load }, stream.giveUp);
  try {
    const onData = (table: string): void => builder.rowsBegin(table);
    const first = await loadStream(call, stream, { wanted, env, onData }, signal);
    const second = await builder.finish();
    return {
      failures: [...first.failures, ...second.failures],
      warnings: [...first.warnings, ...second.warnings],
    };
  } catch (error) {
    stream.giveUp(error);
    await builder.ended();
    throw error;
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
