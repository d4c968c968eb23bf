/**
 * What is wrong with the number of tables that a plain dump left; null: nothing that can be known, since no list tells which ones
 * there should be. `made`: by the dump; an extension may have made more.
 */
export function lackOfTables(there: number, made: number): string | null {
  if (there === 0) return made === 0 ? "has no table: the dump makes none" : "has no table";
  return there < made ? `has ${there} tables, and the dump made ${made}` : null;
}
