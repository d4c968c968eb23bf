import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import type { RestoreObservation } from "../model/archive-contents.ts";
import { sha256 } from "../model/canonical.ts";
import type { Database, Environment } from "../model/environment.ts";
import type { Clock } from "../ports/clock.ts";
import type { RestoreTarget } from "../ports/restore-target.ts";
import { fail } from "../problems/dbops-error.ts";
import { type BackupSource, observeContents } from "./observe-contents.ts";

/** What is to be restored, and over what. */
export interface RestoreQuestion {
  readonly source: BackupSource;
  /** The environment that the database is restored in. */
  readonly environment: Environment;
  readonly database: Database;
  readonly target: RestoreTarget;
  /** The name on the server that it is to get. */
  readonly live: string;
  readonly clock: Clock;
}

/**
 * Looks into the chosen backup and at the server that it is to be restored to; changes neither. What cannot be looked at is a
 * value; a declared SQL file that cannot be read is CONFIG_INVALID, since a restore without it would be refused.
 */
export async function observeRestore(
  question: RestoreQuestion,
  signal: AbortSignal,
): Promise<RestoreObservation> {
  const { source, database, live, clock } = question;
  const observedAt = clock.now();
  const sanitize = await Promise.all(
    database.restore.sanitize.map((path) => readSanitize(question, path, signal)),
  );
  const [contents, target] = await Promise.all([
    observeContents(source, signal),
    question.target.inspect(live, signal),
  ]);
  signal.throwIfAborted();
  const { environment, backup, storeName } = source;
  return {
    from: environment.name,
    database: database.name,
    backup,
    store: storeName,
    observedAt,
    contents,
    live,
    target,
    sanitize,
  };
}

async function readSanitize(
  { environment, database }: RestoreQuestion,
  path: string,
  signal: AbortSignal,
): Promise<RestoreObservation["sanitize"][number]> {
  const shown = relative(environment.baseFolder, path);
  const content = await readFile(path, { signal }).catch((error: Error) => {
    signal.throwIfAborted();
    return fail("CONFIG_INVALID", `databases.${database.name}.restore.sanitize: ${shown}: ${error.message}`, {
      fix: `bring ${shown} back, or take it out of ${environment.file}`,
      cause: error,
    });
  });
  return { path: shown, sha256: sha256(content) };
}
