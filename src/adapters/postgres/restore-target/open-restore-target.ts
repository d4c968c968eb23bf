import type { Database } from "../../../model/environment.ts";
import { PATIENCE, type Patience } from "../../../ports/patience.ts";
import type { RestoreTarget } from "../../../ports/restore-target.ts";
import { openInPlace } from "../in-place/open-in-place.ts";
import { loadArchive } from "../load/load-archive.ts";
import { loadPlain } from "../load-plain/load-plain.ts";
import type { Secrets } from "../target.ts";
import { adminAccess } from "./admin-access.ts";
import { analyze } from "./analyze.ts";
import { countRestored } from "./count-restored.ts";
import { createDatabase } from "./create-database.ts";
import { dropDatabase } from "./drop-database.ts";
import { findDatabase } from "./find-database.ts";
import { inspectTarget } from "./inspect-target.ts";
import { liveNameOf } from "./live-name.ts";
import { ask, readTables } from "./questions.ts";
import { runScript } from "./run-script.ts";
import { setNote } from "./set-note.ts";
import { snapshotOf } from "./snapshot-of.ts";
import { swapDatabases } from "./swap-databases.ts";

export interface TargetOptions {
  readonly secrets: Secrets;
  /** With the variables of libpq; this process's own unless given. */
  readonly env?: NodeJS.ProcessEnv;
  readonly patience?: Patience;
}

/** The port over node-pg and pg_restore. Nothing is resolved or opened before the first call. */
export function openRestoreTarget(
  database: Database,
  { secrets, env = process.env, patience = PATIENCE }: TargetOptions,
): RestoreTarget {
  const access = adminAccess(database, { secrets, env });
  return {
    liveName: (signal) => liveNameOf(database, { secrets, env }, signal),
    inspect: (live, signal) => inspectTarget(access, live, signal),
    find: (name, signal) => findDatabase(access, name, signal),
    create: (name, like, note, signal) => createDatabase(access, { name, like, note }, signal),
    setNote: (named, note, signal) => setNote(access, { database: named, note }, signal),
    drop: (named, signal) => dropDatabase(access, named, signal),
    load: (load, signal) =>
      load.format === "sql" ? loadPlain(access, load, signal) : loadArchive(access, load, signal),
    openSnapshot: (named, signal) => snapshotOf(access, named, signal),
    analyze: (request, signal) => analyze(access, request, signal),
    runScript: (name, script, signal) => runScript(access, { name, script }, signal),
    tables: (name, signal) => readTables(access, name, signal),
    countRows: (request, signal) => countRestored(access, request, signal),
    ask: (name, sql, signal) => ask(access, { name, sql }, signal),
    swap: (swap, signal) => swapDatabases(access, { swap, patience }, signal),
    inPlace: openInPlace(access),
  };
}
