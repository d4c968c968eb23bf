import { readAcceptedBefore } from "../apply/accepted-before.ts";
import type { AcceptedBefore } from "../model/accepted-before.ts";
import type { RestoreObservation } from "../model/archive-contents.ts";
import type { Environment } from "../model/environment.ts";
import { problemsOf } from "../problems/dbops-error.ts";
import { problem } from "../problems/problem.ts";
import type { Connection } from "./context.ts";
import { markedRecords } from "./marked-records.ts";

/**
 * What the last restore of the same backups into the same database accepted, out of the records. That they cannot be read is a
 * value: then nothing is accepted but what is named. Nothing is asked where the server could not be reached.
 */
export async function observeAcceptedBefore(
  connection: Connection,
  { from, database, live, target }: Pick<RestoreObservation, "from" | "database" | "live" | "target">,
  { environment, signal }: { readonly environment: Environment; readonly signal: AbortSignal },
): Promise<AcceptedBefore> {
  if (target.state !== "reachable") return { state: "read", failures: [] };
  const same = { database, from, live, endpoint: target.endpoint };
  try {
    const { store } = await markedRecords(connection, environment, signal);
    return { state: "read", failures: await readAcceptedBefore(store, same, signal) };
  } catch (error) {
    signal.throwIfAborted();
    const [first] = problemsOf(error);
    if (first === undefined || first.code === "INTERNAL") throw error;
    const detail = `which failures the restores of ${database} accepted before could not be looked at, so none is accepted again: ${first.detail}`;
    const fix = "name them where they are known: --tolerate ENTRY";
    return { state: "unreadable", problem: problem("RESTORE_NOTICE", detail, { fix, severity: "warning" }) };
  }
}
