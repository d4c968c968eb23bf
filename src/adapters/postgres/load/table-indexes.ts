import type { ArchiveEntry } from "../../../model/archive-contents.ts";
import { isDataEntry } from "../../../model/data-entry.ts";

/** What can be built on a table as soon as its rows are there. */
export const BUILT_ON_ROWS: readonly string[] = ["INDEX", "CONSTRAINT"];

/** An archive's entries, and what each of them needs, by number. */
export interface ArchiveTable {
  readonly entries: readonly ArchiveEntry[];
  readonly needs: ReadonlyMap<number, readonly number[]>;
}

/**
 * By the number of the entry that holds a table's rows: its indexes, primary keys, unique and exclusion constraints, in the archive's order. They
 * need nothing but that table and what stands before all rows: so not those of partitions that are to be attached to one of the
 * partitioned table, whose locks meet those of rows that are still on their way.
 */
export function indexesByRows({
  entries,
  needs,
}: ArchiveTable): ReadonlyMap<number, readonly ArchiveEntry[]> {
  const firstData = entries.findIndex((one) => isDataEntry(one.text));
  const preData = new Map(entries.slice(0, Math.max(firstData, 0)).map((one) => [one.id, one.type]));
  const tablesOf = (id: number): readonly number[] => [
    ...new Set((needs.get(id) ?? []).filter((one) => preData.get(one) === "TABLE")),
  ];
  const rows = new Map<number, number>();
  for (const { id, type } of entries)
    if (type === "TABLE DATA") for (const table of tablesOf(id)) rows.set(table, id);
  const found = new Map<number, ArchiveEntry[]>();
  for (const entry of entries) {
    const [table, ...others] = tablesOf(entry.id);
    const needsMore = (needs.get(entry.id) ?? []).some((one) => !preData.has(one));
    const key = table === undefined ? undefined : rows.get(table);
    if (!BUILT_ON_ROWS.includes(entry.type) || key === undefined || others.length > 0 || needsMore) continue;
    found.set(key, [...(found.get(key) ?? []), entry]);
  }
  return found;
}

/** Follows pg_restore through the tables whose rows it loads, in the order in which it was told to. */
export class RowsCursor {
  readonly #entries: readonly ArchiveEntry[];
  #at = 0;

  constructor(wanted: readonly ArchiveEntry[]) {
    this.#entries = wanted.filter((one) => one.type === "TABLE DATA");
  }

  /** The entries that it is done with when it begins with this `schema.table`; none where nothing of that name is left. */
  begun(table: string): readonly ArchiveEntry[] {
    const names = [...table.matchAll(/\./g)].map(
      ({ index }) => `${table.slice(0, index)} ${table.slice(index + 1)} `, // either may hold dots, and an owner follows
    );
    let at = this.#at;
    while (at < this.#entries.length && !names.some((name) => this.#rest(at).startsWith(name))) at += 1;
    if (at === this.#entries.length) return [];
    const ended = this.#entries.slice(this.#at, at);
    this.#at = at;
    return ended;
  }

  #rest(at: number): string {
    return this.#entries[at]?.rest ?? "";
  }
}
