import type { Facts } from "../model/audit-entry.ts";
import type { RowCount } from "../ports/postgres.ts";

/** A snapshot's detail with the rows of each table; null for one that has none of its own to bring back. */
export function countedDetail(detail: Facts, counts: readonly RowCount[]): Facts {
  const rows = new Map(counts.map((one) => [keyOf(one), one.rows]));
  const tables = detail["tables"] as readonly Named[]; // a snapshot's detail has them
  return { ...detail, tables: tables.map((one) => ({ ...one, rows: rows.get(keyOf(one)) ?? null })) };
}

type Named = Pick<RowCount, "schema" | "name">;

function keyOf({ schema, name }: Named): string {
  return JSON.stringify([schema, name]);
}
