import { describe, expect, it } from "vitest";
import type { Planned } from "../../../src/model/planned.ts";
import type { TargetFacts } from "../../../src/model/restore-target.ts";
import { problem } from "../../../src/problems/problem.ts";
import { planned } from "./build.ts";

const DBA: TargetFacts["role"] = {
  name: "dba",
  isSuperuser: false,
  canCreateDatabases: true,
  memberOf: ["app", "dba"],
};
const BY_DBA = { role: DBA, roles: ["app", "dba", "pg_database_owner"] };

describe("the database that is replaced", () => {
  const UNKNOWN = { revisionProblem: problem("ADMIN_RIGHTS_MISSING", "dba may not"), schemaRevision: null };

  it("stays when its revision could not be looked at, unless told to keep the schema", () => {
    expect(codes(planned({ live: { schemaRevision: null } }))).toEqual([]);
    const refused = planned({ live: UNKNOWN });
    expect(refused.plan.steps).toEqual([]);
    expect(refused.problems).toEqual([
      expect.objectContaining({
        code: "SCHEMA_MISMATCH",
        detail: expect.stringContaining("could not be looked at (dba may not), the backup at one"),
      }),
    ]);
    const kept = planned({ live: UNKNOWN, request: { keepSchema: true } });
    expect(codes(kept)).toEqual([]);
    expect(details(kept)).toContainEqual(expect.stringContaining("could not be looked at (dba may not)"));
  });

  it("is told when it lets nobody connect", () => {
    const shut = "trading_signals lets nobody connect";
    expect(details(planned({ live: { allowsConnections: false } }))).toContainEqual(
      expect.stringContaining(shut),
    );
    expect(details(planned())).not.toContainEqual(expect.stringContaining(shut));
  });

  it("is closed to its owner, but not to superusers and an admin role that is none", () => {
    const closing = (result: Planned) => details(result).find((one) => one.includes("cannot be closed to"));
    expect(closing(planned())).toMatch(/to superusers: .*\(app, who owns .* is kept out unless it is one\)$/);
    expect(closing(planned({ target: BY_DBA }))).toContain("to superusers and to dba, the admin role: an");
    const owned = planned({ target: { ...BY_DBA, role: { ...DBA, name: "app" } } });
    expect(closing(owned)).toMatch(/to superusers and to app, the admin role and owner: [^(]*still gets in$/);
  });
});

function codes(result: Planned): readonly string[] {
  return result.problems.map((one) => one.code);
}

function details(result: Planned): readonly string[] {
  return [...result.problems, ...result.notices].map((one) => one.detail);
}
