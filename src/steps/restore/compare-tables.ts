import type { ArchiveEntry, DetailTable } from "../../model/archive-contents.ts";

const TABLE_TYPES = ["TABLE", "FOREIGN TABLE", "MATERIALIZED VIEW"];

/** What must stand in a restored database. */
export interface Expected {
  /** Of the backup's detail. */
  readonly tables: readonly DetailTable[];
  /** Texts of entries that were left out or tolerated. */
  readonly without: readonly string[];
  /** `schema.name` of tables that are not in the archive because an extension makes them. */
  readonly unlisted: readonly string[];
}

/** The expected tables that are not there, by kind, schema and name. */
export function missingTables(
  { tables, without, unlisted }: Expected,
  there: readonly DetailTable[],
): readonly DetailTable[] {
  const found = new Set(there.map(keyOf));
  const excused = namesIn(without.flatMap(restOfTable));
  const extension = new Set(unlisted);
  return tables.filter(
    (table) =>
      !found.has(keyOf(table)) && !excused.has(nameInArchive(table)) && !extension.has(tableName(table)),
  );
}

/**
 * The expected tables that had rows when the backup was made and may have none now, as the estimates say: who asks further asks
 * only for these. A table that is not there at all is not among them, nor one whose rows were counted.
 */
export function perhapsEmptied(expected: Expected, there: readonly DetailTable[]): readonly DetailTable[] {
  const rowless = there.filter((table) => (table.rowsEstimate ?? 0) <= 0);
  return withRows(expected, rowless).filter(
    (table) =>
      (table.kind === "table" || table.kind === "partition") &&
      (table.rowsEstimate ?? 0) > 0 &&
      (table.rows ?? null) === null,
  );
}

/** The expected tables that are there and whose rows were counted when the backup was made. */
export function countedTables(expected: Expected, there: readonly DetailTable[]): readonly CountedBefore[] {
  return withRows(expected, there).flatMap((table) => {
    const { rows = null } = table;
    return rows === null ? [] : [{ ...table, rows }];
  });
}

export type CountedBefore = DetailTable & { readonly rows: number };

/** Of these, the ones whose rows the restore had to bring. */
function withRows(
  { tables, without, unlisted }: Expected,
  there: readonly DetailTable[],
): readonly DetailTable[] {
  const found = new Set(there.map(keyOf));
  const excused = namesIn(without.flatMap(restOfRows));
  const extension = new Set(unlisted);
  return tables.filter(
    (table) =>
      found.has(keyOf(table)) && !excused.has(nameInArchive(table)) && !extension.has(tableName(table)),
  );
}

/**
 * Tables of the detail that no entry of the archive makes, in a schema of an extension: the extension makes them, or not in
 * the version that the target has.
 */
export function unlistedTables(
  detail: {
    readonly tables: readonly DetailTable[];
    readonly extensions: readonly { readonly schema: string }[];
  },
  entries: readonly ArchiveEntry[],
): readonly string[] {
  const listed = namesIn(entries.filter((one) => TABLE_TYPES.includes(one.type)).map((one) => one.rest));
  const schemas = new Set(detail.extensions.map((one) => one.schema));
  return detail.tables
    .filter((table) => schemas.has(table.schema) && !listed.has(nameInArchive(table)))
    .map(tableName);
}

/** `schema.name`. */
export function tableName({ schema, name }: Pick<DetailTable, "schema" | "name">): string {
  return `${schema}.${name}`;
}

function keyOf({ kind, schema, name }: DetailTable): string {
  return JSON.stringify([kind, schema, name]);
}

/** As an entry shows it in front of the owner: one line. */
function nameInArchive({ schema, name }: DetailTable): string {
  return `${schema} ${name}`.replaceAll(/[\r\n]/g, " ");
}

/** `1259 16390 TABLE public users app` → `public users app`; nothing for an entry that makes no table. */
function restOfTable(text: string): readonly string[] {
  const rest = /^\d+ \d+ (?:TABLE|FOREIGN TABLE|MATERIALIZED VIEW) (.*)$/.exec(text)?.[1];
  return rest === undefined || /^(DATA|ATTACH) /.test(rest) ? [] : [rest];
}

/** As `restOfTable`, also of an entry that brings only the rows. */
function restOfRows(text: string): readonly string[] {
  const rows = /^\d+ \d+ TABLE DATA (.*)$/.exec(text)?.[1];
  return rows === undefined ? restOfTable(text) : [rows];
}

/** Every `schema name` that could stand at the beginning of one of these: names and owners may hold spaces. */
function namesIn(rests: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const rest of rests)
    for (let space = rest.indexOf(" "); space !== -1; space = rest.indexOf(" ", space + 1))
      names.add(rest.slice(0, space));
  return names;
}
