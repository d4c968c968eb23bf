import { describe, expect, test } from "vitest";
import { parseDependencies } from "../../../../src/adapters/postgres/load/archive-dependencies.ts";
import { parseArchiveList } from "../../../../src/adapters/postgres/load/archive-list.ts";
import { indexesByRows, RowsCursor } from "../../../../src/adapters/postgres/load/table-indexes.ts";

/** As `pg_restore -l -v` shows an archive. */
const LIST = `;
; Selected TOC Entries:
;
3240; 0 0 ENCODING - ENCODING
1; 1255 1 FUNCTION public f(integer) app
2; 1259 2 TABLE public users app
3; 1259 3 TABLE my.shop orders of 2025 app
;	depends on: 1
4; 1259 4 TABLE public parent app
5; 1259 5 TABLE public child app
6; 1259 6 MATERIALIZED VIEW public totals app
20; 0 2 TABLE DATA public users app
;	depends on: 2
30; 0 3 TABLE DATA my.shop orders of 2025 app
;	depends on: 3
50; 0 5 TABLE DATA public child app
;	depends on: 5
60; 0 0 SEQUENCE SET public users_id_seq app
41; 2606 41 CONSTRAINT public parent parent_pkey app
;	depends on: 4 4
51; 2606 51 CONSTRAINT public child child_pkey app
;	depends on: 5 41 5
52; 1259 52 INDEX public child_by_day app
;	depends on: 5
21; 2606 21 CONSTRAINT public users users_pkey app
;	depends on: 2
22; 1259 22 INDEX public users_by_f app
;	depends on: 2 1
31; 1259 31 INDEX my.shop orders_by_user app
;	depends on: 3 2
61; 1259 61 INDEX public totals_by_day app
;	depends on: 6
70; 2606 70 FK CONSTRAINT my.shop orders of 2025 orders_user_fkey app
;	depends on: 3 2 21
`;
const archive = { entries: parseArchiveList(LIST), needs: parseDependencies(LIST) };

describe("what can be built on the rows of one table", () => {
  test("is its indexes and keys, also those that need a function, in the archive's order", () => {
    expect(
      indexesByRows(archive)
        .get(20)
        ?.map(({ id }) => id),
    ).toEqual([21, 22]);
  });

  test("is nothing that another table, a key or the index of a partitioned table has to be there for", () => {
    const built = [...indexesByRows(archive)].map(([rows, some]) => [rows, some.map(({ id }) => id)]);
    expect(built).toEqual([
      [50, [52]],
      [20, [21, 22]],
    ]);
  });

  test("is nothing of what is left out, nor what needs it", () => {
    const entries = archive.entries.filter(({ id }) => id !== 21 && id !== 1);
    expect(indexesByRows({ ...archive, entries }).get(20)).toBeUndefined();
  });

  test("is nothing in an archive without rows", () => {
    const entries = archive.entries.filter(({ id }) => ![20, 30, 50, 60].includes(id));
    expect(indexesByRows({ ...archive, entries }).size).toBe(0);
  });
});

describe("the tables whose rows are there", () => {
  const idsOf = (cursor: RowsCursor, table: string) => cursor.begun(table).map(({ id }) => id);

  test("are those in front of the one that begins, each told once", () => {
    const cursor = new RowsCursor(archive.entries);
    expect(idsOf(cursor, "public.users")).toEqual([]);
    expect(idsOf(cursor, "public.child")).toEqual([20, 30]);
    expect(idsOf(cursor, "public.child")).toEqual([]);
  });

  test("are found behind names with dots and blanks", () => {
    expect(idsOf(new RowsCursor(archive.entries), "my.shop.orders of 2025")).toEqual([20]);
  });

  test("are none when the name fits nothing, or only what has begun before", () => {
    const cursor = new RowsCursor(archive.entries);
    expect(idsOf(cursor, "public.user")).toEqual([]);
    expect(idsOf(cursor, "my.shop.orders of 2025")).toEqual([20]);
    expect(idsOf(cursor, "public.users")).toEqual([]);
  });
});
