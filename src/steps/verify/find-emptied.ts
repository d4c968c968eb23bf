import type { DetailTable } from "../../model/archive-contents.ts";
import type { VerifyDatabaseStep } from "../../model/restore-steps.ts";
import type { StepRun } from "../handler.ts";
import { tableName } from "../restore/compare-tables.ts";

/**
 * The names of those tables that have no row. Told, never refused: that the source had some is an estimate of its server, and a queue
 * that was drained there before anyone counted again is as it was backed up.
 */
export async function findEmptied(
  step: VerifyDatabaseStep,
  tables: readonly DetailTable[],
  run: StepRun,
): Promise<readonly string[]> {
  const target = run.ports.restoreTarget(step.database);
  const emptied: string[] = [];
  for (const table of tables)
    if ((await target.ask(step.name, mayBeSo(table), run.signal)) !== true) emptied.push(tableName(table));
  return emptied;
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
