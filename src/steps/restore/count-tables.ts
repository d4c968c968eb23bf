import { nameSome } from "../load/refuse-missing.ts";

/**
 * What is wrong with the number of tables that a plain dump left; null: nothing that can be known, since no list tells which ones
 * there should be. `made`: by the dump; an extension may have made more.
 */
export function lackOfTables(there: number, made: number): string | null {
  if (there === 0) return made === 0 ? "has no table: the dump makes none" : "has no table";
  return there < made ? `has ${there} tables, and the dump made ${made}` : null;
}

/**
 * What is wrong where a database has fewer than half of the tables that the one it replaces has, by `schema.name`; null: it has more, or
 * that one has none.
 */
export function lackOfLive(
  there: readonly string[],
  live: { readonly name: string; readonly tables: readonly string[] },
): string | null {
  const found = new Set(there);
  const { length: all } = live.tables;
  const missing = live.tables.filter((name) => !found.has(name));
  if (missing.length * 2 <= all) return null;
  return `has ${all - missing.length} of the ${all} tables of ${live.name}, and lacks ${nameSome(missing)}`;
}
