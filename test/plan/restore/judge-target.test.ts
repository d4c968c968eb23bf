import { describe, expect, it } from "vitest";
import type { Planned } from "../../../src/model/planned.ts";
import type { TargetFacts } from "../../../src/model/restore-target.ts";
import { BACKUP, planned } from "./build.ts";

const DBA: TargetFacts["role"] = {
  name: "dba",
  isSuperuser: false,
  canCreateDatabases: true,
  memberOf: ["app", "dba"],
};
const BY_DBA = { role: DBA, roles: ["app", "dba", "pg_database_owner"] };

describe("a restore of another environment's backup", () => {
  const FROM = { from: "origin", live: { markedEnvironment: null } };

  it("goes over a database of its own, on the server of the other one too", () => {
    const detail = { database: "origin_signals", oid: 4711 };
    expect(codes(planned({ ...FROM, detail }))).toEqual([]);
  });

  it.each([
    ["by its oid", { detail: { database: "renamed" } }],
    ["by its oid, without the name in an older backup", { detail: { database: null } }],
    ["by its name, after a restore gave it another oid", { detail: { oid: 4711 } }],
    ["by its name, in a backup that tells no oid", { detail: { oid: null } }],
    ["under another address of the server", { detail: { endpoint: "origin:5432" } }],
    ["by the endpoint, where identifiers are not known", { target: { systemIdentifier: null } }],
    ["where it is marked as that one's", { live: { markedEnvironment: "origin" } }],
  ])("never goes over the database that was backed up, told %s", (_, difference) => {
    const refused = planned({ ...FROM, ...difference });
    expect(refused.plan.steps).toEqual([]);
    expect(refused.problems).toContainEqual(
      expect.objectContaining({
        code: "DATABASE_MISMATCH",
        detail: expect.stringContaining("trading_signals on db:5432 is the database of origin"),
        fix: expect.stringContaining("SET dbops.environment = 'production';"),
      }),
    );
  });

  it("goes over a clone of that one which is declared, and over what is marked as this one's", () => {
    const clone = { detail: { endpoint: "origin:5432" }, declared: { cloneOf: "origin:5432" } };
    expect(codes(planned({ ...FROM, ...clone }))).toEqual([]);
    expect(codes(planned({ ...FROM, live: { markedEnvironment: "production" } }))).toEqual([]);
    const other = { detail: { systemIdentifier: "8" } };
    expect(codes(planned({ ...FROM, ...other }))).toEqual([]);
  });

  it("may go beside it, into another name", () => {
    const into = { request: { into: "analysis" }, live: null, restore: { live: "analysis" } };
    expect(codes(planned({ ...FROM, ...into }))).toEqual([]);
  });
});

describe("an admin role that is a superuser", () => {
  it("is warned of in every plan: what the archive holds runs with its rights", () => {
    const warned = "postgres is a superuser on db:5432, and loads with its rights whatever code";
    const beside = { request: { into: "analysis" }, live: null, restore: { live: "analysis" } };
    for (const result of [planned(), planned({ live: null }), planned(beside), planned({ from: "origin" })])
      expect(result.notices).toContainEqual(
        expect.objectContaining({ severity: "warning", detail: expect.stringContaining(warned) }),
      );
    expect(details(planned({ from: "origin" }))).toContainEqual(
      expect.stringContaining("could write to trading_signals of origin can do on db:5432 what postgres can"),
    );
    expect(details(planned({ target: BY_DBA }))).not.toContainEqual(
      expect.stringContaining("is a superuser"),
    );
  });
});

it("tells of the hold of an earlier restore that left nothing else, and of no other hold", () => {
  const held = { ...BACKUP, holds: ["audit", "restore-0a0a0a0a"] };
  const { notices } = planned({ stores: { primary: [held] } });
  expect(notices.filter(({ detail }) => detail.includes("in primary holds"))).toEqual([
    expect.objectContaining({
      detail: expect.stringContaining(
        `restore-0a0a0a0a in primary holds ${BACKUP.name}, and no side database`,
      ),
      fix: expect.stringContaining(`\ndbops plan production release ${BACKUP.name}`),
    }),
  ]);
});

function codes(result: Planned): readonly string[] {
  return result.problems.map((one) => one.code);
}

function details(result: Planned): readonly string[] {
  return [...result.problems, ...result.notices].map((one) => one.detail);
}
