import type { Records } from "../apply/sessions.ts";
import type { Environment } from "../model/environment.ts";
import { readMark } from "../ports/read-mark.ts";
import type { Connection } from "./context.ts";

/**
 * The records of an environment, after a look at their store's mark: a disk that is not mounted leaves an empty folder,
 * which would read as "no lock, no journal, no plan", and would be written to. Throws STORE_UNMARKED or STORE_FOREIGN.
 */
export async function markedRecords(
  { records }: Connection,
  environment: Environment,
  signal: AbortSignal,
): Promise<Records> {
  await readMark(records.store, { environment: environment.name, store: environment.records }, signal);
  return records;
}
