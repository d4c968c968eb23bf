import { describe, expect, test } from "vitest";
import { connectionError, queryError } from "../../../src/adapters/postgres/connection-problem.ts";
import { targetError } from "../../../src/adapters/postgres/restore-target/target-problem.ts";
import type { Target } from "../../../src/adapters/postgres/target.ts";

const TARGET: Target = {
  endpoint: "db:5432",
  host: "db",
  port: 5432,
  database: "shop",
  user: "app",
  password: null,
  tls: { mode: "disable", rootCert: null, cert: null, key: null },
  options: null,
  connectTimeoutMs: 1000,
  channelBinding: "prefer",
};

/** As node-pg gives what a server said. */
function said(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

describe("what fails in a session", () => {
  test.each([
    ["Connection terminated unexpectedly", "DATABASE_UNREACHABLE"],
    ["Client has encountered a connection error and is not queryable", "DATABASE_UNREACHABLE"],
    ["timeout expired", "DATABASE_UNREACHABLE"],
    ["SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature does not match", "DATABASE_AUTHENTICATION"],
    ["Cannot read properties of undefined (reading 'oid')", "INTERNAL"],
    ["the current role is not in pg_roles", "INTERNAL"],
  ])("without a code, as %s, is %s", (message, code) => {
    for (const explain of [queryError, targetError, connectionError])
      expect(explain(new TypeError(message), TARGET).problems[0]?.code).toBe(code);
  });

  test.each([
    ["08006", "DATABASE_UNREACHABLE"],
    ["57P01", "DATABASE_UNREACHABLE"],
    ["EPIPE", "DATABASE_UNREACHABLE"],
    ["ERR_STREAM_DESTROYED", "DATABASE_UNREACHABLE"],
    ["ERR_INVALID_ARG_TYPE", "INTERNAL"],
    ["42P01", "INTERNAL"],
    ["42501", "RIGHTS_MISSING"],
    ["XX001", "DUMP_FAILED"],
  ])("with the code %s is %s", (code, expected) => {
    expect(queryError(said(code, "it failed"), TARGET).problems[0]?.code).toBe(expected);
  });

  test("is told with the names of things, and without values", () => {
    const error = said("22P02", 'invalid input syntax for type integer: "ann@example.com"');
    for (const explain of [queryError, targetError])
      expect(explain(error, TARGET).problems[0]?.detail).toBe(
        'shop at db:5432: invalid input syntax for type integer: "…" (22P02)',
      );
    const name = said("42501", 'permission denied for table "users"');
    expect(targetError(name, TARGET).problems[0]?.detail).toContain('table "users" (42501)');
  });
});
