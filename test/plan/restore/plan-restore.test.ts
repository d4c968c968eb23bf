import { describe, expect, it } from "vitest";
import type { Planned } from "../../../src/model/planned.ts";
import type { TargetFacts } from "../../../src/model/restore-target.ts";
import { entry, planned } from "./build.ts";

const DBA: TargetFacts["role"] = {
  name: "dba",
  isSuperuser: false,
  canCreateDatabases: true,
  memberOf: ["app", "dba"],
};
const BY_DBA = { role: DBA, roles: ["app", "dba", "pg_database_owner"] };

describe("a restore", () => {
  it("is the same plan for the same world, and has other names a moment later", () => {
    expect(planned()).toEqual(planned());
    expect(ids(planned())).toEqual(
      ["pin", "create", "download", "decrypt", "load", "analyze", "check", "swap", "unpin"].map(
        (id) => `trading_signals.${id}`,
      ),
    );
  });

  it("expires after 4 h", () => {
    expect(planned().plan.expiresAt).toBe("2026-11-24T14:30:00.000Z");
  });

  it("has no steps when something stands against it, and names everything at once", () => {
    const refused = planned({ live: { schemaRevision: "two", markedEnvironment: "staging" } });
    expect(refused.plan.steps).toEqual([]);
    expect(codes(refused)).toEqual(["DATABASE_MISMATCH", "SCHEMA_MISMATCH"]);
  });

  it("loads the database at another revision when told to keep the schema", () => {
    const kept = planned({ live: { schemaRevision: "two" }, request: { keepSchema: true } });
    expect(codes(kept)).toEqual([]);
    expect(details(kept)).toContainEqual(
      expect.stringContaining("at schema revision two, the backup at one"),
    );
  });

  it("waits for no safety backup to succeed, only for its end", () => {
    const steps = planned({ request: { safetyBefore: true } }).plan.steps;
    const swap = steps.find((one) => one.kind === "swap");
    expect(swap).toMatchObject({ needs: ["trading_signals.check"], after: ["trading_signals.verify"] });
    const behind = steps.filter((one) => one.needs.some((id) => /\.(dump|encrypt|upload|verify)$/.test(id)));
    expect(behind.map((one) => one.kind)).toEqual(["encrypt", "upload", "verify"]);
    expect(steps.find((one) => one.kind === "dump")).toMatchObject({ origin: "safety" });
  });

  it("is refused where the admin role and the backup role reach two databases", () => {
    expect(codes(planned({ live: { oid: 4711 } }))).toEqual(["DATABASE_MISMATCH"]);
  });
});

describe("into another name", () => {
  it.each([
    ["postgres", "that name is the server's own"],
    ["template1", "that name is the server's own"],
    ["dbops_0a0a0a0a_side", "such names are made by dbops alone"],
    ["x".repeat(64), "a name has 1 to 63 bytes"],
    ["ä".repeat(32), "a name has 1 to 63 bytes"],
    ["trading_signals", "declares it as trading_signals"],
  ])("refuses %s", (into, why) => {
    const refused = planned({ request: { into }, live: null, restore: { live: into } });
    expect(refused.plan.steps).toEqual([]);
    expect(refused.problems[0]?.detail).toContain(why);
  });
});

describe("the entries of an archive", () => {
  const DATA = [
    entry("TABLE DATA", "public users app", 1),
    entry("BLOBS", "- BLOBS", 2),
    entry("SEQUENCE SET", "public ids app", 3),
  ];

  it("are never left out when they are data, whoever restores", () => {
    const load = loadOf(planned({ entries: DATA, target: BY_DBA }));
    expect(load?.skip).toEqual([]);
  });

  it("are left out when they make a subscription, even for a superuser", () => {
    const entries = [
      entry("SUBSCRIPTION", "- live prices app", 7),
      entry("COMMENT", "- SUBSCRIPTION live prices app", 8),
    ];
    const result = planned({ entries });
    expect(loadOf(result)?.skip).toEqual([
      {
        entry: "0 7 SUBSCRIPTION - live prices app",
        why: expect.stringContaining('CREATE SUBSCRIPTION "live prices"'),
      },
      {
        entry: "0 8 COMMENT - SUBSCRIPTION live prices app",
        why: expect.stringContaining("take over the slot"),
      },
    ]);
    expect(result.notices.some((one) => one.fix?.includes('CREATE SUBSCRIPTION "live prices"'))).toBe(true);
    const check = result.plan.steps.find((one) => one.id === "trading_signals.check");
    expect(check).toMatchObject({ without: expect.arrayContaining(["0 7 SUBSCRIPTION - live prices app"]) });
  });

  it.each([
    entry("EVENT TRIGGER", "- note_ddl app"),
    entry("COMMENT", "- EVENT TRIGGER note_ddl app"),
    entry("FOREIGN DATA WRAPPER", "- w app"),
    entry("ACL", "- FOREIGN DATA WRAPPER w app"),
    entry("OPERATOR CLASS", "public my ops app"),
    entry("COMMENT", "public OPERATOR CLASS my ops app"),
    entry("COMMENT", "- EXTENSION plpgsql"),
  ])("are left out when they need a superuser who is not there: $type $rest", (one) => {
    expect(loadOf(planned({ entries: [one], target: BY_DBA }))?.skip).toHaveLength(1);
    expect(loadOf(planned({ entries: [one] }))?.skip).toEqual([]);
  });

  it("are tolerated by their whole line only", () => {
    const one = DATA[0]?.text ?? "";
    const accepted = planned({ entries: DATA, request: { tolerate: [one] } });
    expect(loadOf(accepted)?.tolerate).toEqual([one]);
    expect(details(accepted)).toContainEqual(expect.stringContaining("may come back without its rows"));
    const wrong = planned({ entries: DATA, request: { tolerate: ["9 9 TABLE DATA public users app"] } });
    expect(codes(wrong)).toEqual(["USAGE"]);
    expect(wrong.problems[0]?.detail).toContain("it has 0 1 TABLE DATA public users app");
  });
});

describe("roles", () => {
  it("are found by the longest name at the end of an entry", () => {
    const entries = [entry("TABLE", "public users svc app")];
    const missing = planned({ entries, roles: ["app", "svc app"] });
    expect(missing.problems[0]?.fix).toContain('CREATE ROLE "svc app";');
    expect(codes(planned({ entries, roles: ["app"] }))).toEqual([]);
  });

  it("that nobody knows are named by the last word", () => {
    const missing = planned({ entries: [entry("TABLE", "public users rds_admin")] });
    expect(missing.problems[0]?.detail).toContain("rds_admin (0 1 TABLE public users rds_admin)");
  });

  it("own no extension, cast or large objects", () => {
    const entries = [
      entry("EXTENSION", "- app2"),
      entry("CAST", "- CAST (a AS b)"),
      entry("BLOBS", "- BLOBS"),
    ];
    const extensions = [{ name: "app2", versions: ["1"] }];
    expect(codes(planned({ entries, target: { extensions } }))).toEqual([]);
  });

  it("must be joined by an admin role that is no superuser, but for the owner of every database", () => {
    const entries = [
      entry("ACL", "- SCHEMA public pg_database_owner"),
      entry("DEFAULT ACL", "public DEFAULT PRIVILEGES FOR TABLES etl"),
    ];
    const target = { ...BY_DBA, roles: ["app", "dba", "etl", "pg_database_owner"] };
    const refused = planned({ entries, target });
    expect(refused.problems.map((one) => [one.code, one.fix])).toEqual([
      ["ADMIN_RIGHTS_MISSING", 'GRANT "etl" TO "dba";'],
    ]);
  });

  it("that the database itself names are needed where there is none to carry over from", () => {
    const named = {
      accessPrivileges: ["=T/app", '"big ""b"""=c/app'],
      settings: [{ role: "nightly", settings: ["work_mem=1GB"] }],
    };
    expect(codes(planned({ properties: named }))).toEqual([]);
    const fix = planned({ live: null, properties: named }).problems[0]?.fix;
    expect(fix).toContain('CREATE ROLE "big ""b""";\nCREATE ROLE "nightly";');
  });
});

describe("the properties of a database that nothing is there to give", () => {
  it("come from the backup, without what may be secret and without another environment's mark", () => {
    const settings = [
      { role: null, settings: ["work_mem=64MB", "app.key=hunter2", "dbops.environment=production"] },
    ];
    const here = planned({ live: null, properties: { settings, tablespace: "fast" } });
    expect(here.plan.steps.find((one) => one.kind === "swap")).toMatchObject({
      effect: "add",
      properties: {
        tablespace: "pg_default",
        settings: [{ role: null, settings: ["work_mem=64MB", "dbops.environment=production"] }],
      },
    });
    expect(JSON.stringify(here)).not.toContain("hunter2");
    const beside = planned({
      live: null,
      properties: { settings },
      request: { into: "analysis" },
      restore: { live: "analysis" },
    });
    expect(beside.plan.steps.find((one) => one.kind === "swap")).toMatchObject({
      properties: { settings: [{ role: null, settings: ["work_mem=64MB"] }] },
    });
  });
});

function loadOf(result: Planned) {
  return result.plan.steps.find((one) => one.kind === "load");
}

function ids(result: Planned): readonly string[] {
  return result.plan.steps.map((one) => one.id);
}

function codes(result: Planned): readonly string[] {
  return result.problems.map((one) => one.code);
}

function details(result: Planned): readonly string[] {
  return [...result.problems, ...result.notices].map((one) => one.detail);
}
