import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Problem } from "../../../../src/problems/problem.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { signal } from "../declared.ts";
import { problemOf, targetOn } from "./target-access.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase("side = it's");
});

afterAll(() => cluster?.stop());

beforeEach(() =>
  cluster.psql(
    "side = it's",
    "DROP TABLE IF EXISTS users; CREATE TABLE users (id int PRIMARY KEY, email text); INSERT INTO users VALUES (1, 'a@b')",
  ),
);

function run(text: string): Promise<void> {
  return targetOn(cluster).runScript("side = it's", { path: "sql/clean.sql", text }, signal());
}

function emails(): Promise<string> {
  return cluster.psql("side = it's", "SELECT email FROM users ORDER BY id");
}

test("a script runs whole, with dollar quotes, comments and a last statement without semicolon", async () => {
  await run(`-- people
    UPDATE users SET email = 'user' || id || '@example.com;';
    DO $$ BEGIN INSERT INTO users VALUES (2, 'x'); END $$;
    CREATE OR REPLACE FUNCTION one() RETURNS int BEGIN ATOMIC SELECT 1; END;
    UPDATE users SET email = 'last' WHERE id = one() + 1`);
  expect(await emails()).toBe("user1@example.com;\nlast");
});

test("a script with nothing in it is fine", async () => {
  await run("-- nothing\n");
});

describe("nothing of a script stays when", () => {
  async function failsOf(text: string): Promise<Problem> {
    const problem = await problemOf(run(`DELETE FROM users;\n${text}`));
    expect(await emails()).toBe("a@b");
    expect(problem.fix).toBe(
      `correct line ${problem.where?.line} of sql/clean.sql, and plan the restore again`,
    );
    return problem;
  }

  test("a statement fails: its line, SQLSTATE and first line are told, and no more", async () => {
    const problem = await failsOf(
      "INSERT INTO users VALUES (1, 'a');\nINSERT INTO users VALUES (1, 'hush@example.com');",
    );
    expect(problem).toMatchObject({
      code: "RESTORE_FAILED",
      detail: 'duplicate key value violates unique constraint "users_pkey" (23505)',
      where: { file: "sql/clean.sql", line: 3, column: 1 },
    });
    expect(JSON.stringify(problem)).not.toContain("hush");
  });

  test("a value of a row cannot be converted: the value is not told", async () => {
    const { detail } = await failsOf(
      "INSERT INTO users VALUES (3, 'hush@example.com');\nSELECT email::int FROM users WHERE id = 3;",
    );
    expect(detail).toContain('invalid input syntax for type integer: "…" (22P02)');
    expect(detail).not.toContain("hush");
  });

  test("a statement cannot be understood: the line inside it is told", async () => {
    const problem = await failsOf("SELECT 'ä☃𝄞',\n  1\n  FROM FROM users;");
    expect(problem).toMatchObject({
      detail: 'syntax error at or near "…" (42601)',
      where: { line: 4 },
    });
  });

  test("a constraint that was put off fails at the end", async () => {
    const text = `CREATE TABLE child (id int REFERENCES users DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO child VALUES (7);`;
    expect((await failsOf(text)).detail).toContain("(23503)");
  });

  test("the session is lost", async () => {
    const problem = await problemOf(run("DELETE FROM users; SELECT pg_terminate_backend(pg_backend_pid())"));
    expect(problem.code).toBe("DATABASE_UNREACHABLE");
    expect(await emails()).toBe("a@b");
  });

  test.each([
    ["\\! id", "a command of psql"],
    ["SELECT 1 \\g | sh", "a command of psql"],
    ["\\c postgres", "a command of psql"],
    ["COPY users TO PROGRAM 'cat'", "COPY with PROGRAM"],
    ["copy (SELECT 1) /* x */ to\nprogram 'cat'", "COPY with PROGRAM"],
    ["COPY users FROM stdin;\n1\tx\n\\.\n", "a command of psql"],
    ["COPY users FROM stdin", "COPY with STDIN"],
    ["COPY users TO STDOUT", "COPY with STDOUT"],
    ["COMMIT", "COMMIT, but a script is one transaction"],
    ["BEGIN", "BEGIN, but a script is one transaction"],
    ["end work", "END, but a script is one transaction"],
    ["ROLLBACK AND CHAIN", "ROLLBACK, but a script is one transaction"],
    ["PREPARE TRANSACTION 'x'", "PREPARE, but a script is one transaction"],
    ["SELECT 'never ends", "a string without an end"],
  ])("it holds %j, which is refused before anything runs", async (text, what) => {
    const problem = await failsOf(text);
    expect(problem.code).toBe("RESTORE_FAILED");
    expect(problem.detail).toContain(what);
    expect(problem.where?.line).toBe(what.includes("psql") && text.startsWith("COPY") ? 4 : 2);
  });
});

test("a savepoint may be gone back to, and names that look like keywords are names", async () => {
  await run(`SAVEPOINT here; DELETE FROM users; ROLLBACK TO here; RELEASE here;
    CREATE TEMP TABLE program (stdin int); COPY program TO '/dev/null'; PREPARE ask AS SELECT 1;`);
  expect(await emails()).toBe("a@b");
});

test("a script that is interrupted leaves nothing", async () => {
  const controller = new AbortController();
  const running = targetOn(cluster).runScript(
    "side = it's",
    { path: "sql/clean.sql", text: "DELETE FROM users; SELECT pg_sleep(600)" },
    controller.signal,
  );
  const waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
  await expect.poll(() => cluster.psql("postgres", waits), { timeout: 60_000 }).toBe("1");
  controller.abort(new Error("stop it"));
  await expect(running).rejects.toThrow("stop it");
  await cluster.psql(
    "postgres",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
  );
  expect(await emails()).toBe("a@b");
});
