import { describe, expect, it } from "vitest";
import { detailsOf, usedForm } from "../environment-text.ts";

const forRestore = (restore: Record<string, unknown>): readonly string[] =>
  detailsOf({ database: { restore } });
const ADDRESS = "must be an address such as https://api.example.com/health";

describe("what a file says about restoring", () => {
  it("is used with its defaults, and with paths from the folder above the file's own", () => {
    const restore = {
      sanitize: ["sql/a.sql", "./sql/b.sql"],
      checks: { users: "SELECT count(*) > 0 FROM users WHERE password = ''" },
      health: ["https://api.example.com/health"],
    };
    expect(usedForm({ database: { restore } }).databases[0]?.restore).toEqual({
      jobs: 2,
      graceMs: 7 * 24 * 3_600_000,
      sanitize: ["/srv/ops/sql/a.sql", "/srv/ops/sql/b.sql"],
      checks: [{ name: "users", sql: "SELECT count(*) > 0 FROM users WHERE password = ''" }],
      health: ["https://api.example.com/health"],
      platform: null,
    });
  });

  it("may be there without a role that restores, until one is needed", () => {
    expect(usedForm({ database: { restore: { jobs: 4 } } }).databases[0]).toMatchObject({ admin: null });
  });

  it("has from 1 to 32 jobs and a grace with a unit", () => {
    const [jobs, grace, ...others] = forRestore({ jobs: 0, grace: "7 days" });
    expect(jobs).toBe("databases.app.restore.jobs is 0; it must be 1 or more");
    expect(grace).toMatch(/^databases\.app\.restore\.grace: "7 days" is no duration; did you mean 7d\?/);
    expect(others).toEqual([]);
    expect(forRestore({ jobs: 33 })).toEqual(["databases.app.restore.jobs is 33; it must be 32 or less"]);
    expect(forRestore({ jobs: 32 })).toEqual([]);
  });

  it("knows the services whose schemas are left alone", () => {
    expect(forRestore({ platform: "heroku" })).toEqual([
      'databases.app.restore.platform: "heroku" is not known; it must be one of rds, cloudsql, supabase',
    ]);
  });
});

describe("files that a restore runs", () => {
  it.each(["/etc/evil.sql", "~/evil.sql", "../evil.sql", "sql/../../evil.sql", "sql/a/../../../evil.sql"])(
    "must lie in the project: %j",
    (path) => {
      expect(forRestore({ sanitize: [path] })).toEqual([
        `databases.app.restore.sanitize[0]: "${path}" must lie below the folder that holds the environments' folder, and be named from there, such as sql/sanitize.sql`,
      ]);
    },
  );

  it("are run once, however they are written", () => {
    expect(forRestore({ sanitize: ["sql/a.sql", "sql/b.sql", "./sql//a.sql"] })).toEqual([
      'databases.app.restore.sanitize[2]: "./sql//a.sql" is listed twice',
    ]);
  });
});

describe("addresses that must answer", () => {
  it.each(["api.example.com/health", "ftp://api.example.com", "file:///etc/passwd", "https://"])(
    "are those of the web: not %j",
    (url) => {
      expect(forRestore({ health: [url] })).toEqual([
        `databases.app.restore.health[0]: ${JSON.stringify(url)} ${ADDRESS}`,
      ]);
    },
  );

  it("hold nobody's name and no password", () => {
    expect(forRestore({ health: ["https://monitor@api.example.com"] })).toEqual([
      "databases.app.restore.health[0]: an address here holds no user and no password",
    ]);
    expect(forRestore({ health: ["https://u:hunter2@api.example.com"] })).toEqual([
      expect.stringMatching(/^databases\.app\.restore\.health\[0\] holds a URL with a password/),
    ]);
  });

  it("are asked once", () => {
    expect(forRestore({ health: ["http://a/b", "http://a/b"] })).toEqual([
      'databases.app.restore.health[1]: "http://a/b" is listed twice',
    ]);
  });
});

describe("a check", () => {
  it("is a query", () => {
    expect(forRestore({ checks: { users: " \n" } })).toEqual([
      "databases.app.restore.checks.users must be a query that gives true",
    ]);
    expect(forRestore({ checks: { users: "" } })).toHaveLength(1);
  });
});

describe("the server that this one is a clone of", () => {
  const forClone = (cloneOf: string) => detailsOf({ database: { cloneOf } });

  it.each(["prod-db.example.com:5432", "10.0.0.1:5433", "/var/run/postgresql", "service:production"])(
    "is an endpoint: %j",
    (endpoint) => expect(forClone(endpoint)).toEqual([]),
  );

  it.each(["prod-db.example.com", "postgresql://h/d", "a:1,b:2", "service:"])("is no %j", (endpoint) => {
    expect(forClone(endpoint)).toEqual([
      `databases.app.cloneOf: ${JSON.stringify(endpoint)} must be the other server's endpoint: host:port, the folder of a socket, or service:NAME`,
    ]);
  });

  it("is another one", () => {
    expect(forClone("db.example.com:5432")).toEqual([
      'databases.app.cloneOf: "db.example.com:5432" is this database\'s own server, which cannot be a clone of itself',
    ]);
  });
});

describe("the role that restores", () => {
  it("has a name, and its password stands somewhere else", () => {
    expect(detailsOf({ database: { admin: { password: "hunter2" } } })).toEqual([
      expect.stringMatching(/^databases\.app\.admin lacks .*user|^databases\.app\.admin.*user/),
      expect.stringMatching(/^databases\.app\.admin\.password must say where the secret is kept/),
    ]);
  });

  it("connects to the database postgres unless told otherwise", () => {
    const admin = { user: "postgres", password: { env: "ADMIN_PASSWORD" } };
    expect(usedForm({ database: { admin } }).databases[0]?.admin).toEqual({ ...admin, database: "postgres" });
  });
});
