import type { BackupDetail } from "../../model/archive-contents.ts";
import { isMadeSchema } from "../../model/aside-schema.ts";
import type { LoadStep } from "../../model/restore-steps.ts";
import type { LoadReport } from "../../ports/restore-target.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { StepRun } from "../handler.ts";
import { missingTables, tableName, unlistedTables } from "../restore/compare-tables.ts";
import { whereToLook } from "../restore/in-place.ts";

const MOST_NAMED = 20;

/** Throws RESTORE_INCOMPLETE when a table of the detail is not there and its entry was neither left out nor tolerated. */
export async function refuseMissing(
  step: LoadStep,
  { detail, report }: { readonly detail: BackupDetail; readonly report: LoadReport },
  run: StepRun,
): Promise<{ readonly tables: number; readonly unlisted: readonly string[] }> {
  const there = await run.ports.restoreTarget(step.database).tables(step.into, run.signal);
  const without = [...step.skip.map((one) => one.entry), ...step.tolerate];
  const unlisted = unlistedTables(detail, report.entries);
  const missing = missingTables({ tables: detail.tables, without, unlisted }, there);
  if (missing.length > 0)
    fail("RESTORE_INCOMPLETE", `${step.into} lacks ${nameSome(missing.map(tableName))}`, {
      fix: `${whereToLook(step.into, run)}; then restore another backup:\ndbops backups ${run.plan.environment}`,
    });
  return { tables: there.filter((table) => !isMadeSchema(table.schema)).length, unlisted };
}

/** `3 tables: a.b, c.d, e.f`; the first twenty are named. */
export function nameSome(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ", …" : "";
  const count = names.length === 1 ? "1 table" : `${names.length} tables`;
  return `${count}: ${names.slice(0, MOST_NAMED).join(", ")}${more}`;
}
