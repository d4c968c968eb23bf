import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseConnectionUrl } from "../../../src/adapters/postgres/connection-url.ts";
import { problemsOf } from "../../../src/problems/dbops-error.ts";
import { open, unreadable } from "./declared.ts";

/** What comes of a URL: the parameters, or the problem that refuses it. */
function read(url: string) {
  try {
    return { parameters: parseConnectionUrl("shop", url) };
  } catch (error) {
    return { problem: problemsOf(error)[0] };
  }
}

describe("a password that is not percent-encoded", () => {
  test.each([
    ["an @", "postgres://u:p@S3CR3T@127.0.0.1:1/db"],
    ["an @ at its end", "postgres://u:S3CR3T@@127.0.0.1:1/db"],
    ["a /", "postgres://u:12/S3CR3T@127.0.0.1:1/db"],
    ["a / and a ?", "postgres://u:12/S3CR3T?x@127.0.0.1:1/db"],
    ["a ?", "postgres://u:12?S3CR3T=1@127.0.0.1:1/db"],
    ["a ? and a known parameter", "postgres://u:12?host=S3CR3T@127.0.0.1:1/db"],
    ["a # and an @", "postgres://u:12#S3CR3T@x@127.0.0.1:1/db"],
    ["a # and a /", "postgres://u:12/#S3CR3T@127.0.0.1:1/db"],
    ["a # before the host ends", "postgres://u@127.0.0.1#S3CR3T/db"],
    ["a [", "postgres://u:[S3CR3T]@[x]@127.0.0.1:1/db"],
    ["no user before it", "postgres://S3CR3T%40127.0.0.1:1/db"],
  ])("with %s is refused, and no message has a part of it", async (_name, url) => {
    const { problem } = read(url);
    expect(problem?.code).toBe("CONFIG_INVALID");
    expect(problem?.fix).toContain("@ as %40");
    const told = await unreadable(open({ kind: "url", url: { env: url } }));
    expect(told.code).toBe("CONFIG_INVALID");
    for (const text of [problem, told]) expect(JSON.stringify(text)).not.toMatch(/S3CR|CR3T/);
  });

  test("is the password and nothing else, or is refused without being shown, whatever is in it", () => {
    const hard = fc.string({
      unit: fc.constantFrom(..."@@::/?#[]&=%,.1a\\ '\""),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.oneof(hard, fc.string()), (password) => {
        const { parameters, problem } = read(`postgresql://u:${password}@127.0.0.1:1/db`);
        if (parameters === undefined) {
          expect(problem).toEqual(read("nonsense").problem);
          return;
        }
        const { password: _, ...rest } = parameters;
        expect(rest).toEqual({ user: "u", host: "127.0.0.1", port: "1", dbname: "db" });
      }),
      { numRuns: 2000 },
    );
  });

  test("comes through when it is encoded", () => {
    const password = "p@S3/C:R?3#T%&[]";
    const url = `postgresql://u:${encodeURIComponent(password)}@db.example.com/shop`;
    expect(read(url).parameters).toEqual({ user: "u", password, host: "db.example.com", dbname: "shop" });
  });
});

describe("a URL", () => {
  test.each([
    ["postgresql://[::1]:5433/db", { host: "::1", port: "5433", dbname: "db" }],
    ["postgresql://[fe80::1%25eth0]/db", { host: "fe80::1%eth0", dbname: "db" }],
    ["postgresql://%2Fvar%2Frun%2Fpostgresql/db", { host: "/var/run/postgresql", dbname: "db" }],
    ["postgresql:///db?host=/tmp&user=u", { host: "/tmp", dbname: "db", user: "u" }],
    [
      "postgres+psycopg://u@my_host-1/a%2Fb?sslrootcert=/x/y",
      { user: "u", host: "my_host-1", dbname: "a/b", sslrootcert: "/x/y" },
    ],
    ["postgresql://", {}],
  ])("%s is read", (url, parameters) => {
    expect(read(url).parameters).toEqual(parameters);
  });
});
