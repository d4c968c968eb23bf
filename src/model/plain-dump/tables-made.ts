const TABLE = /^CREATE (?:(?:UNLOGGED|FOREIGN) )?TABLE |^CREATE MATERIALIZED VIEW /;
/** Up to version 9 a view that others need early is written as a table, which a rule then turns into a view. */
const BECOMES_VIEW = /^CREATE RULE "_RETURN" AS/;

/** How many tables more the database has after a statement of a plain dump, materialized views and foreign tables included. */
export function tablesMade(statement: string): number {
  if (TABLE.test(statement)) return 1;
  return BECOMES_VIEW.test(statement) ? -1 : 0;
}
