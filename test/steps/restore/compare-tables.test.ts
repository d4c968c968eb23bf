import { describe, expect, it } from "vitest";
import type { DetailTable } from "../../../src/model/archive-contents.ts";
import {
  missingTables,
  perhapsEmptied,
  tableName,
  unlistedTables,
} from "../../../src/steps/restore/compare-tables.ts";

function table(schema: string, name: string, kind: DetailTable["kind"] = "table"): DetailTable {
  return { schema, name, kind, bytes: 0, rowsEstimate: null };
}

function entry(text: string) {
  const [, type = "", rest = ""] = /^\d+ \d+ (TABLE DATA|TABLE|EXTENSION) (.*)$/.exec(text) ?? [];
  return { id: 1, text, type, rest };
}

function missing(
  tables: readonly DetailTable[],
  there: readonly DetailTable[],
  without: readonly string[] = [],
) {
  return missingTables({ tables, without, unlisted: [] }, there).map(tableName);
}

describe("the tables of a restored database", () => {
  it("are told by kind, schema and name", () => {
    const tables = [table("a", "t"), table("a", "u"), table("b", "t", "partition")];
    expect(missing(tables, tables)).toEqual([]);
    expect(missing(tables, [table("a", "t"), table("b", "t", "table")])).toEqual(["a.u", "b.t"]);
  });

  it("are not missed where their entry was left out, under any owner", () => {
    const tables = [table("odd schema", "odd table"), table("public", "t", "materialized view")];
    const without = [
      "1259 16394 TABLE odd schema odd table an owner",
      "1259 16395 MATERIALIZED VIEW public t app",
    ];
    expect(missing(tables, [], without)).toEqual([]);
  });

  it("are missed where only their data was left out, or a table whose name begins so", () => {
    const tables = [table("public", "users")];
    const without = ["0 16394 TABLE DATA public users app", "1259 1 TABLE public users_old app"];
    expect(missing(tables, [], without)).toEqual(["public.users"]);
  });

  it("are compared as an entry shows them, on one line", () => {
    expect(missing([table("public", "two\nlines")], [], ["1259 1 TABLE public two lines app"])).toEqual([]);
  });

  it("need not be there where an extension makes them", () => {
    const detail = {
      tables: [table("public", "spatial_ref_sys"), table("public", "users"), table("other", "lost")],
      extensions: [{ schema: "public" }],
    };
    const unlisted = unlistedTables(detail, [entry("1259 1 TABLE public users app")]);
    expect(unlisted).toEqual(["public.spatial_ref_sys"]);
    const left = missingTables({ tables: detail.tables, without: [], unlisted }, []);
    expect(left.map(tableName)).toEqual(["public.users", "other.lost"]);
  });
});

describe("the tables that may have lost their rows", () => {
  const full = (name: string, kind: DetailTable["kind"] = "table") => ({
    ...table("odd schema", name, kind),
    rowsEstimate: 7,
  });

  function emptied(
    tables: readonly DetailTable[],
    there: readonly DetailTable[],
    without: readonly string[] = [],
  ) {
    return perhapsEmptied({ tables, without, unlisted: ["odd schema.ext"] }, there).map((one) => one.name);
  }

  it("are tables and partitions with an estimate in the backup, and none or zero now", () => {
    const tables = [full("a"), full("b", "partition"), full("c"), full("d", "materialized view"), full("e")];
    const there = tables.map((one) => ({ ...one, rowsEstimate: one.name === "c" ? 1 : null }));
    expect(emptied(tables, there.slice(0, 4))).toEqual(["a", "b"]);
    expect(emptied([table("odd schema", "a"), { ...full("b"), rowsEstimate: 0 }], there)).toEqual([]);
  });

  it("are not those whose rows or whole table were left out, nor those of an extension", () => {
    const tables = [full("a"), full("b"), full("b c"), full("ext")];
    const there = tables.map((one) => ({ ...one, rowsEstimate: 0 }));
    const without = ["0 16394 TABLE DATA odd schema a app", "1259 16395 TABLE odd schema b c app"];
    expect(emptied(tables, there, without)).toEqual([]);
    expect(emptied(tables, there, without.slice(0, 1))).toEqual(["b", "b c"]);
  });
});
