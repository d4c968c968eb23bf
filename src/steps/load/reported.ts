import type { Facts } from "../../model/audit-entry.ts";
import type { LoadReport } from "../../ports/restore-target.ts";

const MOST_WARNINGS = 50;

/** What the journal keeps of a load. */
export function reported({ program, entries, failures, warnings }: LoadReport): Facts {
  return { program, entries: entries.length, failures, warnings: warnings.slice(0, MOST_WARNINGS) };
}
