import type { DetailTable } from "../../model/archive-contents.ts";
import type { VerifyDatabaseStep } from "../../model/restore-steps.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { StepRun } from "../handler.ts";
import { nameSome } from "../load/refuse-missing.ts";
import { tableName } from "../restore/compare-tables.ts";

/**
 * Throws RESTORE_INCOMPLETE when one of these tables has no row. The backup's number of rows is an estimate of its server: a table
 * that had lost its last rows there before anyone counted again is refused as well, until its entry is tolerated.
 */
export async function refuseEmptied(
  step: VerifyDatabaseStep,
  tables: readonly DetailTable[],
  run: StepRun,
): Promise<void> {
  const target = run.ports.restoreTarget(step.database);
  const emptied: string[] = [];
  for (const table of tables)
    if ((await target.ask(step.name, mayBeSo(table), run.signal)) !== true) emptied.push(tableName(table));
  if (emptied.length === 0) return;
  fail("RESTORE_INCOMPLETE", `${step.name} has no row, where the source had some, in ${nameSome(emptied)}`, {
    fix: `look at ${step.name}, which stays, then plan the restore again; where the backup has no row either, accept that by the table's entry:\ndbops plan ${run.plan.environment} restore --tolerate '… TABLE DATA …'`,
  });
}

/**
 * True for a table with a row, and for one whose rows an archive need not bring: of an extension, or unlogged, which a crash of the
 * source empties and a replica never has.
 */
function mayBeSo({ schema, name }: DetailTable): string {
  const table = `${quoted(schema, '"')}.${quoted(name, '"')}`;
  return `SELECT EXISTS (SELECT FROM ONLY ${table}) OR EXISTS (
    SELECT FROM pg_catalog.pg_class c
    WHERE c.oid = ${quoted(table, "'")}::pg_catalog.regclass::pg_catalog.oid AND (c.relpersistence = 'u' OR EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND d.objid = c.oid AND d.deptype = 'e')))`;
}

function quoted(text: string, quote: "'" | '"'): string {
  return `${quote}${text.replaceAll(quote, quote + quote)}${quote}`;
}
