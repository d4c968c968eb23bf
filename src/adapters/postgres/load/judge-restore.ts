import type { ChildEnd } from "../child-streams.ts";
import type { EntryFailure, RestoreSaid } from "./restore-messages.ts";

/** What a run of pg_restore came to: failures of entries, or something that makes all of it worthless. */
export type RestoreOutcome =
  | {
      readonly state: "ended";
      readonly failures: readonly EntryFailure[];
      readonly warnings: readonly string[];
    }
  | { readonly state: "broken"; readonly why: string };

/** Decides. Every error that pg_restore counted must have been found, and none may have been found that it did not count. */
export function judgeRestore(end: ChildEnd, said: RestoreSaid, parallel: boolean): RestoreOutcome {
  const broken = (why: string): RestoreOutcome => ({ state: "broken", why });
  const told = said.fatal ?? said.unclear;
  const because = told === null ? "" : `: ${told}`;
  if (end.error !== null) return broken(`it does not start (${end.error.message})`);
  if (end.killedBy !== null) return broken(`killed by ${end.killedBy}${because}`);
  if (said.fatal !== null) return broken(said.fatal);
  const counted = said.ignored ?? 0;
  if ((end.code === 0) !== (counted === 0)) return broken(`exit code ${end.code}${because}`);
  if (end.code !== 0 && end.code !== 1) return broken(`exit code ${end.code}${because}`);
  if (!isCountOf(said, counted, parallel))
    return broken(`it counts ${counted} errors, and told of ${said.failures.length}${because}`);
  return { state: "ended", failures: said.failures, warnings: said.warnings };
}

/**
 * With several jobs pg_restore counts each error and each entry that had one (observed with 15: 60 for 60 entries makes 120),
 * and does not count the settings that its workers were refused.
 */
function isCountOf(said: RestoreSaid, counted: number, parallel: boolean): boolean {
  const errors = said.failures.length;
  if (!parallel) return counted === errors + said.refusedSettings;
  const entries = new Set(said.failures.map(({ id }) => id)).size;
  return [errors, errors + entries].some((sum) => sum <= counted && counted <= sum + said.refusedSettings);
}
