import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import type { BackupContents, RestoreObservation } from "../model/archive-contents.ts";
import { sha256 } from "../model/canonical.ts";
import { localeOf } from "../model/database-locale.ts";
import type { Database, Environment } from "../model/environment.ts";
import type { Instant } from "../model/instant.ts";
import type { TargetObservation } from "../model/restore-target.ts";
import type { Clock } from "../ports/clock.ts";
import type { RestoreTarget } from "../ports/restore-target.ts";
import { fail } from "../problems/dbops-error.ts";
import { attempt, type BackupSource } from "./backup-source.ts";
import { observeContents } from "./observe-contents.ts";

/** What is to be restored, and over what. */
export interface RestoreQuestion {
  /** Backups that may be it, in the order in which they are tried. */
  readonly sources: readonly [BackupSource, ...BackupSource[]];
  /** Whether a backup is the one, by the moment that it is of. */
  fits(takenAt: Instant): boolean;
  /** The environment that the database is restored in. */
  readonly environment: Environment;
  readonly database: Database;
  readonly target: RestoreTarget;
  /** The name on the server that it is to get. */
  readonly live: string;
  /** What stands in the live database is looked at as well. */
  readonly inPlace: boolean;
  readonly clock: Clock;
}

/**
 * Looks into the first backup that fits, or into the last, and at the server that it is to be restored to; changes neither.
 * What cannot be looked at is a value: the first backup of which that is so is the one. A declared SQL file that cannot be
 * read is CONFIG_INVALID, since a restore without it would be refused.
 */
export async function observeRestore(
  question: RestoreQuestion,
  signal: AbortSignal,
): Promise<RestoreObservation> {
  const { database, live } = question;
  const observedAt = question.clock.now();
  const sanitize = await Promise.all(
    database.restore.sanitize.map((path) => readSanitize(question, path, signal)),
  );
  const [{ source, contents }, target] = await Promise.all([
    firstFitting(question, signal),
    question.target.inspect(live, signal),
  ]);
  signal.throwIfAborted();
  return {
    from: source.environment.name,
    database: database.name,
    backup: source.backup,
    store: source.storeName,
    observedAt,
    contents,
    live,
    target,
    ...(await declaredLocale(question, { contents, target }, signal)),
    ...(await insideOf(question, target, signal)),
    sanitize,
  };
}

/** Looked at only where nothing else tells what the database was made with. */
async function declaredLocale(
  question: RestoreQuestion,
  seen: { readonly contents: BackupContents; readonly target: TargetObservation },
  signal: AbortSignal,
): Promise<Pick<RestoreObservation, "declaredLocale">> {
  const { contents, target } = seen;
  if (contents.state !== "plain" || target.state !== "reachable" || target.live !== null) return {};
  const name = await question.target.liveName(signal);
  if (name === question.live) return {};
  const found = await question.target.find(name, signal);
  return { declaredLocale: found === null ? null : localeOf(found.properties) };
}

async function insideOf(
  { inPlace, target }: RestoreQuestion,
  seen: TargetObservation,
  signal: AbortSignal,
): Promise<Pick<RestoreObservation, "inside">> {
  if (!inPlace || seen.state !== "reachable" || seen.live === null) return {};
  const { name, oid } = seen.live;
  const looked = await attempt(() => target.inPlace.inspect({ name, oid }, signal), signal);
  if ("problem" in looked) return { inside: { state: "unreadable", problem: looked.problem } };
  return { inside: { state: "read", ...looked.value } };
}

/** Manifests are small, and a file of the runbook tells by its name: only the backup that fits is looked into any further. */
async function firstFitting(
  { sources, fits }: RestoreQuestion,
  signal: AbortSignal,
): Promise<{ readonly source: BackupSource; readonly contents: BackupContents }> {
  for (const source of sources) {
    const isLast = source === sources.at(-1);
    const contents = await observeContents(source, (takenAt) => isLast || fits(takenAt), signal);
    if (contents !== null) return { source, contents };
  }
  throw new RangeError("the last one is looked into whatever it is of");
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
