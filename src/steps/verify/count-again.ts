import type { VerifyDatabaseStep } from "../../model/restore-steps.ts";
import type { StepRun } from "../handler.ts";
import { compareRows, type DifferentRows, type RowComparison } from "../restore/compare-rows.ts";
import type { CountedBefore } from "../restore/compare-tables.ts";

/** Counts the rows of these tables, and compares them with those of the dump. Progress is in bytes of the tables as they were dumped. */
export async function countAgain(
  step: VerifyDatabaseStep,
  { tables, jobs }: { readonly tables: readonly CountedBefore[]; readonly jobs: number },
  run: StepRun,
): Promise<RowComparison> {
  if (tables.length === 0) return { counted: 0, different: [], unknown: [] };
  const totalBytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  let doneBytes = 0;
  const onCounted = (bytes: number) => {
    doneBytes += bytes;
    run.progress(doneBytes, totalBytes);
  };
  const target = run.ports.restoreTarget(step.database);
  return compareRows(
    tables,
    await target.countRows({ name: step.name, tables, jobs, onCounted }, run.signal),
  );
}

const MOST_NAMED = 20;

/** What is wrong with the database; the first twenty tables are named. */
export function describeDifferent(different: readonly DifferentRows[]): string {
  const named = different
    .slice(0, MOST_NAMED)
    .map(({ table, expected, found }) => `${table} (${found}, in the dump ${expected})`);
  const more = different.length > MOST_NAMED ? ", …" : "";
  const count = different.length === 1 ? "1 table" : `${different.length} tables`;
  return `has another number of rows than the dump in ${count}: ${named.join(", ")}${more}`;
}
