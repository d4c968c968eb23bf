import { describe, expect, it } from "vitest";
import { detailsOf } from "../environment-text.ts";

const TWO = { local: { file: { path: "/a" } }, remote: { file: { path: "/b" } } };

describe("names of stores", () => {
  it("must be declared, and the nearest one is named", () => {
    expect(detailsOf({ backup: { stores: ["locla"] } })).toEqual([
      'databases.app.backup.stores[0]: the store "locla" is not declared under stores; did you mean local?',
    ]);
  });

  it("count as declared even where the declaration has mistakes", () => {
    expect(detailsOf({ stores: { local: { file: { paht: "/a" } } } })).toEqual([
      "stores.local.file.paht: unknown key; did you mean path?",
    ]);
  });

  it("may stand in a list only once, with or without rules of their own", () => {
    expect(detailsOf({ backup: { stores: ["local", { local: { retention: { within: "1d" } } }] } })).toEqual([
      'databases.app.backup.stores[1]: the store "local" is listed twice',
    ]);
  });

  it("are needed for records when there are several", () => {
    expect(detailsOf({ top: { stores: TWO } })).toEqual([
      "with several stores, records must name the one that holds locks, journal and plans: local or remote",
    ]);
  });

  it("must be declared for records too", () => {
    expect(detailsOf({ top: { stores: TWO, records: "remot" } })).toEqual([
      'records: the store "remot" is not declared under stores; did you mean remote?',
    ]);
  });
});

describe("the name of a database", () => {
  it("is not environment, which names a journal of its own", () => {
    const database = { connection: { service: "x" }, backup: { stores: ["local"], encryption: "none" } };
    expect(detailsOf({ top: { databases: { environment: database } } }).join()).toContain("choose another");
  });
});
