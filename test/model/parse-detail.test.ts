import { describe, expect, it } from "vitest";
import { parseDetail } from "../../src/model/parse-detail.ts";

const PROPERTIES = {
  owner: "app",
  encoding: "UTF8",
  collate: "C",
  ctype: "C",
  localeProvider: "libc",
  icuLocale: null,
  icuRules: null,
  tablespace: "pg_default",
  connectionLimit: -1,
  accessPrivileges: ["=Tc/app"],
  comment: null,
  settings: [
    { role: "b", settings: ["work_mem=1MB"] },
    { role: null, settings: ["search_path=app"] },
    { role: "a", settings: [] },
  ],
};
const WRITTEN = {
  formatVersion: 1,
  identity: { endpoint: "db:5432", database: "app", systemIdentifier: "7", oid: 5 },
  serverVersion: "15.18",
  isReplica: false,
  sizeBytes: 8_000_000,
  database: { name: "app", collationVersion: null, ...PROPERTIES },
  tables: [{ schema: "public", name: "t", kind: "table", bytes: 8192, rowsEstimate: null }],
  sequences: [],
  extensions: [{ name: "plpgsql", version: "1.0", schema: "pg_catalog" }],
  largeObjects: 2,
  eventTriggers: [{ name: "audit", event: "ddl_command_end", enabled: "O" }],
  publications: [{ name: "all", allTables: true }],
  subscriptions: [{ name: "from_here", enabled: true, publications: ["p"] }],
  omissions: [],
  warnings: [],
};
const parse = (change: object) => parseDetail(JSON.stringify({ ...WRITTEN, ...change }));

describe("a detail.json", () => {
  it("gives what a restore decides on, and nothing else that it says", () => {
    expect(parse({})).toEqual({
      endpoint: "db:5432",
      systemIdentifier: "7",
      database: "app",
      oid: 5,
      serverVersion: "15.18",
      sizeBytes: 8_000_000,
      properties: {
        ...PROPERTIES,
        settings: [
          { role: null, settings: ["search_path=app"] },
          { role: "a", settings: [] },
          { role: "b", settings: ["work_mem=1MB"] },
        ],
      },
      tables: WRITTEN.tables,
      extensions: WRITTEN.extensions,
      largeObjects: 2,
      eventTriggers: ["audit"],
      subscriptions: ["from_here"],
      publications: [{ name: "all", allTables: true }],
    });
  });

  it("of a dbops that did not write down where it came from is understood", () => {
    const { identity: _, publications: __, ...older } = WRITTEN;
    const parsed = parseDetail(JSON.stringify(older));
    expect(parsed).toMatchObject({ endpoint: null, systemIdentifier: null, serverVersion: "15.18" });
    expect(parsed).toMatchObject({ database: null, oid: null });
    expect(parsed).not.toHaveProperty("publications");
    const { database: ___, oid: ____, ...identity } = WRITTEN.identity;
    expect(parse({ identity })).toMatchObject({ endpoint: "db:5432", database: null, oid: null });
  });

  it("tells the rows of each table where they were counted, and not where an older one was written", () => {
    const [table] = WRITTEN.tables;
    const rowsOf = (tables: readonly object[]) => {
      const parsed = parse({ tables });
      return "fault" in parsed ? parsed.fault : parsed.tables.map((one) => one.rows);
    };
    expect(rowsOf([{ ...table, rows: 0 }, { ...table, rows: null }, { ...table }])).toEqual([
      0,
      null,
      undefined,
    ]);
    expect(rowsOf([{ ...table, rows: 1.5 }])).toMatch(/^tables\[0\]\.rows must be a whole number/);
  });

  it.each([
    ["no JSON", "{", /is no JSON/],
    ["another version", JSON.stringify({ ...WRITTEN, formatVersion: 2 }), /formatVersion must be 1/],
    ["no object", "[]", /must have the keys formatVersion/],
  ])("that is %s is refused", (_, content, fault) => {
    expect(parseDetail(content)).toEqual({ fault: expect.stringMatching(fault) });
  });

  it.each([
    ["database", null, /^database must have the keys owner/],
    ["database", { ...PROPERTIES, owner: undefined }, /^database\.owner must be text/],
    ["database", { ...PROPERTIES, localeProvider: "x" }, /^database\.localeProvider must be libc, icu or/],
    ["database", { ...PROPERTIES, connectionLimit: "5" }, /^database\.connectionLimit must be a whole/],
    ["tables", [{ ...WRITTEN.tables[0], kind: "view" }], /^tables\[0\]\.kind must be table, partition/],
    ["tables", [{ ...WRITTEN.tables[0], bytes: -1 }], /^tables\[0\]\.bytes must be a number, 0 or more/],
    ["identity", { endpoint: 5, systemIdentifier: null }, /^identity\.endpoint must be text/],
    ["identity", { ...WRITTEN.identity, oid: "5" }, /^identity\.oid must be/],
    ["subscriptions", ["s"], /^subscriptions\[0\] must have the keys name/],
    ["publications", [{ name: "p" }], /^publications\[0\]\.allTables must be true or false/],
  ])("whose %s is wrong is refused, and the place is said", (key, value, fault) => {
    expect(parse({ [key]: value })).toEqual({ fault: expect.stringMatching(fault) });
  });
});
