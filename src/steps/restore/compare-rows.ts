import type { CountedTable } from "../../ports/restore-target.ts";
import { type CountedBefore, tableName } from "./compare-tables.ts";

/** What counting again found. Names are `schema.name`, sorted. */
export interface RowComparison {
  /** How many tables were counted again. */
  readonly counted: number;
  /** Tables with another number of rows, and partitioned ones of whose partitions together that is true. */
  readonly different: readonly DifferentRows[];
  /** Tables of which nobody knows: whoever counted may not read them. */
  readonly unknown: readonly string[];
}

export interface DifferentRows {
  readonly table: string;
  readonly expected: number;
  readonly found: number;
}

/**
 * Compares partitions as one table, by the outermost one that they are of: pg_dump loads those of some through their root, and there
 * their rows may go to other partitions.
 */
export function compareRows(
  expected: readonly CountedBefore[],
  counted: readonly CountedTable[],
): RowComparison {
  const found = new Map(counted.map((one) => [keyOf(one), one]));
  const sums = new Map<string, { expected: number; found: number | null }>();
  for (const table of expected) {
    const { root = null, rows = null } = found.get(keyOf(table)) ?? {};
    const name = root ?? tableName(table);
    const sum = sums.get(name) ?? { expected: 0, found: 0 };
    const together = sum.found === null || rows === null ? null : sum.found + rows;
    sums.set(name, { expected: sum.expected + table.rows, found: together });
  }
  const all = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    counted: counted.filter(({ rows }) => rows !== null).length,
    different: all.flatMap(([table, { expected, found }]) =>
      found === null || found === expected ? [] : [{ table, expected, found }],
    ),
    unknown: all.flatMap(([table, sum]) => (sum.found === null ? [table] : [])),
  };
}

function keyOf({ schema, name }: Pick<CountedTable, "schema" | "name">): string {
  return JSON.stringify([schema, name]);
}
