import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { open, signal } from "../declared.ts";
import { problemOf, targetOn } from "./target-access.ts";

let cluster: Cluster;
const SIDE = `side "=" it's`;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase(SIDE);
  await cluster.psql(
    SIDE,
    `CREATE TABLE users (id int PRIMARY KEY, at timestamptz); INSERT INTO users SELECT i, now() FROM generate_series(1, 1000) AS i;
     CREATE SCHEMA "Größe"; CREATE TABLE "Größe"."a = b" (id int) PARTITION BY RANGE (id);
     CREATE TABLE "Größe".part PARTITION OF "Größe"."a = b" DEFAULT; CREATE MATERIALIZED VIEW seen AS SELECT 1 AS one;`,
  );
});

afterAll(() => cluster?.stop());

/** ANALYZE passes pg_statistic over, which it writes. */
const WITHOUT_ESTIMATE =
  "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND NOT relisshared AND reltuples < 0 AND oid <> 'pg_statistic'::regclass";

describe("ANALYZE, which runs functions of the database", () => {
  test.each([
    ["values", "$1::int", "RESTORE_FAILED", 'invalid input syntax for type integer: "…" (22P02)'],
    ["names", "(SELECT max(n) FROM nowhere)", "RESTORE_FAILED", 'relation "nowhere" does not exist (42P01)'],
  ])("is refused without what it found of %s", async (name, body, code, detail) => {
    await cluster.createDatabase(name);
    await cluster.psql(
      name,
      `SET check_function_bodies = off; CREATE TABLE mails (mail text, n int);
       CREATE FUNCTION number(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT ${body}';
       CREATE STATISTICS numbers ON (number(mail)), n FROM mails; INSERT INTO mails SELECT 'a@example.com', n FROM generate_series(1, 9) n;`,
    );
    const problem = await problemOf(targetOn(cluster).analyze({ name, jobs: 2 }, signal()));
    expect(problem).toMatchObject({ code, detail: expect.stringContaining(detail) });
    expect(JSON.stringify(problem)).not.toContain("example");
  });
});

const ask = (sql: string) => targetOn(cluster).ask(SIDE, sql, signal());

describe("a question", () => {
  test.each([
    ["SELECT count(*) > 999 FROM users", true],
    ["SELECT false;", false],
    ["WITH u AS (SELECT * FROM users) SELECT max(id) FROM u -- the last", 1000],
    ["VALUES (NULL)", null],
  ])("%s is answered", async (sql, answer) => {
    expect(await ask(sql)).toBe(answer);
  });

  test.each([
    ["SELECT true, false", "the query gives 2 columns, not one"],
    ["SELECT count(*) > 1, count(*) > 100000 FROM users", "the query gives 2 columns, not one"],
    ["SELECT FROM users", "the query gives 0 columns, not one"],
    ["SELECT true FROM users WHERE id < 0", "the query gives no row"],
    ["SELECT true FROM users", "the query gives more than one row"],
    ["SELECT 1 / (SELECT count(*) - 1000 FROM users)", "division by zero (22012)"],
    ["SELECT (id || '@example.com')::int FROM users", 'invalid input syntax for type integer: "…" (22P02)'],
    ["SELECT * FROM nowhere", 'relation "nowhere" does not exist (42P01)'],
    [
      "SELECT true; COMMIT; DELETE FROM users",
      "cannot insert multiple commands into a prepared statement (42601)",
    ],
    ["DELETE FROM users RETURNING true", 'syntax error at or near "…" (42601)'],
    ["COPY users TO PROGRAM 'cat'", 'syntax error at or near "…" (42601)'],
    ["SELECT pg_cancel_backend(pg_backend_pid())", "no answer within 5 minutes, or it was cancelled"],
  ])("%s has no answer", async (sql, detail) => {
    const problem = await problemOf(ask(sql));
    expect([problem.code, problem.detail]).toEqual(["CHECK_FAILED", detail]);
  });

  test("writes nothing, not even through a function", async () => {
    await cluster.psql(SIDE, "CREATE SEQUENCE numbers");
    expect((await problemOf(ask("SELECT nextval('numbers')"))).detail).toContain("(25006)");
  });

  test("that loses its session is no answer", async () => {
    const problem = await problemOf(ask("SELECT pg_terminate_backend(pg_backend_pid())"));
    expect(problem.code).toBe("DATABASE_UNREACHABLE");
  });
});

describe("the tables", () => {
  test("are those that the detail of a backup lists", async () => {
    const snapshot = await open(cluster.connectionOf(SIDE)).openSnapshot(signal());
    await snapshot.close();
    const tables = await targetOn(cluster).tables(SIDE, signal());
    expect(tables).toEqual(snapshot.detail["tables"]);
    expect(tables.map((one) => [one.schema, one.name, one.kind])).toEqual([
      ["Größe", "a = b", "partitioned table"],
      ["Größe", "part", "partition"],
      ["public", "seen", "materialized view"],
      ["public", "users", "table"],
    ]);
  });

  test("are all analyzed by a superuser, each by whichever session is free, the system's among them", async () => {
    await cluster.psql(SIDE, "UPDATE pg_class SET reltuples = -1 WHERE NOT relisshared");
    await targetOn(cluster).analyze({ name: SIDE, jobs: 3 }, signal());
    expect(await cluster.psql(SIDE, WITHOUT_ESTIMATE)).toBe("0");
  });

  test("have row estimates once they are analyzed, even where the role's settings would stop it, and one may not be named", async () => {
    await cluster.psql(SIDE, "UPDATE pg_class SET reltuples = -1 WHERE NOT relisshared");
    await cluster.createRole("keeper");
    await cluster.psql(
      "postgres",
      `ALTER DATABASE "side ""="" it's" OWNER TO keeper; ALTER ROLE keeper SET statement_timeout = 1; ALTER ROLE keeper SET default_transaction_read_only = on`,
    );
    const target = targetOn(cluster, "keeper");
    await target.analyze({ name: SIDE, jobs: 2 }, signal());
    const users = (await target.tables(SIDE, signal())).find((one) => one.name === "users");
    expect(users?.rowsEstimate).toBe(1000);
    expect(await cluster.psql(SIDE, WITHOUT_ESTIMATE)).toBe("0");
  });

  test("of a database that does not exist are a problem", async () => {
    expect((await problemOf(targetOn(cluster).tables("nowhere", signal()))).code).toBe("DATABASE_MISSING");
  });
});
