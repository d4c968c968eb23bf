import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ProblemCode, SUMMARIES } from "../../src/problems/problem.ts";
import { type Declared, declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { backupFilesOf, filesOf, mustSucceed, planBackup, planProblems } from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

let cluster: Cluster;
let workplace: Workplace;

beforeAll(async () => {
  [cluster, workplace] = await Promise.all([startCluster({ inMemory: true }), makeWorkplace()]);
  await cluster.createDatabase("app");
  await cluster.createRole("app_backup", "IN ROLE pg_read_all_data");
  await cluster.psql("app", "CREATE TABLE big AS SELECT i, md5(i::text) FROM generate_series(1, 1000) AS i");
  await declareApp(workplace, cluster);
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

beforeEach(() => declareApp(workplace, cluster));

/** A declaration that leads nowhere. */
interface Wrong {
  readonly name: string;
  readonly declared: Declared;
  readonly code: ProblemCode;
  readonly detail: RegExp;
  readonly fix: RegExp;
}

const WRONG: readonly Wrong[] = [
  {
    name: "a wrong password",
    declared: { connection: { password: { command: ["echo", "wrong"] } } },
    code: "DATABASE_AUTHENTICATION",
    detail: /^postgres on app at 127\.0\.0\.1:\d+: password authentication failed for user "postgres"$/,
    fix: /\npsql -h 127\.0\.0\.1 -p \d+ -U postgres dbname=app$/,
  },
  {
    name: "a user that does not exist",
    declared: { user: "nobody's" },
    code: "DATABASE_AUTHENTICATION",
    detail: /^nobody's on app at 127\.0\.0\.1:\d+: password authentication failed for user "nobody's"$/,
    fix: /\npsql -h 127\.0\.0\.1 -p \d+ -U 'nobody'\\''s' dbname=app$/,
  },
  {
    name: "a database that does not exist",
    declared: { database: "ap p=1" },
    code: "DATABASE_MISSING",
    detail: /^there is no database ap p=1 at 127\.0\.0\.1:\d+$/,
    fix: /\npsql -h 127\.0\.0\.1 -p \d+ -U postgres dbname=postgres -l$/,
  },
  {
    name: "a port where nothing listens",
    declared: { connection: { port: 1 } },
    code: "DATABASE_UNREACHABLE",
    detail: /^app at 127\.0\.0\.1:1: nothing listens there \(connection refused\)$/,
    fix: /^pg_isready -h 127\.0\.0\.1 -p 1$/,
  },
  {
    name: "a password in a variable that is not set",
    declared: { connection: { password: { env: "DBOPS_NOT_SET" } } },
    code: "SECRET_UNAVAILABLE",
    detail: /the environment variable DBOPS_NOT_SET is not set$/,
    fix: /^export DBOPS_NOT_SET=…$/,
  },
  {
    name: "a password in a file that does not exist",
    declared: { connection: { password: { file: "./not-there" } } },
    code: "SECRET_UNAVAILABLE",
    detail: /the file .*\/not-there does not exist$/,
    fix: /^ls -l .*\/not-there$/,
  },
  {
    name: "a password from a command that fails",
    declared: { connection: { password: { command: ["sh", "-c", "echo half-a-secret; exit 3"] } } },
    code: "SECRET_UNAVAILABLE",
    detail: /the command sh failed with exit code 3$/,
    fix: /^run the command by hand/,
  },
  {
    name: "a store whose folder does not exist",
    declared: { stores: { primary: "./stores/not there" } },
    code: "STORE_UNREADABLE",
    detail: /^store primary: .*\/stores\/not there does not exist/,
    fix: /\nmkdir -p '.*\/stores\/not there'$/,
  },
  {
    name: "a store that was never marked",
    declared: { stores: { primary: "./stores/dr" } },
    code: "STORE_UNMARKED",
    detail: /^store primary .*_dbops\/store\.json: a wrong prefix, an unmounted disk or a new store$/,
    fix: /^dbops init stores production$/,
  },
];

describe("a plan of a backup says what is wrong and what to do, and plans nothing, for", () => {
  it.each(WRONG)("$name", async ({ declared, code, detail, fix }) => {
    const before = [await filesOf(workplace, "primary"), await filesOf(workplace, "dr")];
    await declareApp(workplace, cluster, declared);
    const planned = await workplace.dbops(["plan", "production", "backup", "--json"]);
    const problems = planProblems(planned);
    expect([planned.code, problems.map((one) => one.code)]).toEqual([1, [code]]);
    expect(problems[0]?.detail).toMatch(detail);
    expect(problems[0]?.fix).toMatch(fix);
    expect(planned.stdout).toMatch(/"steps": \[\]/);
    expect(planned.stdout + planned.stderr).not.toMatch(/half-a-secret|"wrong"/);
    expect([await filesOf(workplace, "primary"), await filesOf(workplace, "dr")]).toEqual(before);
  });

  it("a store of another environment", async () => {
    const mark = join(workplace.folder, "stores/primary/_dbops/store.json");
    const own = await readFile(mark, "utf8");
    await writeFile(mark, own.replace('"production"', '"staging"'));
    const planned = await workplace.dbops(["plan", "production", "backup", "--json"]);
    await writeFile(mark, own);
    expect([planned.code, ...planProblems(planned)]).toMatchObject([
      1,
      {
        code: "STORE_FOREIGN",
        detail: expect.stringMatching(/^store primary.* belongs to staging, not to production$/),
        fix: "correct the bucket, the prefix or the path in the environment file",
      },
    ]);
  });
});

/** What happens between the plan and its apply. */
interface Change {
  readonly name: string;
  readonly happens: () => Promise<unknown>;
  readonly undone: () => Promise<unknown>;
  readonly exit: number;
  readonly code: ProblemCode;
  readonly says: RegExp;
}

const CHANGES: readonly Change[] = [
  {
    name: "the password was changed",
    happens: () => cluster.psql("postgres", "ALTER ROLE app_backup PASSWORD 'another'"),
    undone: () => cluster.psql("postgres", `ALTER ROLE app_backup PASSWORD '${cluster.password}'`),
    exit: 1,
    code: "DATABASE_AUTHENTICATION",
    says: /app_backup on app at .*: password authentication failed/,
  },
  {
    name: "the database was renamed",
    happens: () => cluster.psql("postgres", "ALTER DATABASE app RENAME TO elsewhere"),
    undone: () => cluster.psql("postgres", "ALTER DATABASE elsewhere RENAME TO app"),
    exit: 1,
    code: "DATABASE_MISSING",
    says: /there is no database app at /,
  },
  {
    name: "another database took its name",
    happens: () =>
      cluster.psql(
        "postgres",
        "ALTER DATABASE app RENAME TO elsewhere; CREATE DATABASE app OWNER app_backup",
      ),
    undone: () => cluster.psql("postgres", "DROP DATABASE app; ALTER DATABASE elsewhere RENAME TO app"),
    exit: 4,
    code: "TARGET_CHANGED",
    says: /app was planned as app \(oid \d+\) at .* and is app \(oid \d+\)/,
  },
  {
    name: "the role lost a right",
    happens: () => cluster.psql("app", "REVOKE pg_read_all_data FROM app_backup"),
    undone: () => cluster.psql("app", "GRANT pg_read_all_data TO app_backup"),
    exit: 1,
    code: "RIGHTS_MISSING",
    says: /no SELECT on table public\.big/,
  },
  {
    name: "the folder of the store is gone",
    happens: () => moveStore("primary", "unplugged"),
    undone: () => moveStore("unplugged", "primary"),
    exit: 1,
    code: "STORE_UNREADABLE",
    says: /stores\/primary does not exist/,
  },
  {
    name: "the store is another one",
    happens: () => changeMark('"storeId": "', '"storeId": "x'),
    undone: () => changeMark('"storeId": "x', '"storeId": "'),
    exit: 4,
    code: "TARGET_CHANGED",
    says: /store primary is not the one the plan was made for/,
  },
];

describe("an apply says what has changed since the plan, leaves nothing, and goes on when it is undone:", () => {
  it.each(CHANGES)("$name", async ({ happens, undone, exit, code, says }) => {
    await declareApp(workplace, cluster, { user: "app_backup" });
    const plan = await planBackup(workplace);
    const before = await backupFilesOf(workplace);
    await happens();
    const ran = await workplace.dbops(["apply", plan]);
    await undone();
    expect([ran.code, ran.stderr]).toEqual([exit, expect.stringMatching(says)]);
    expect(ran.stderr).toContain(`error: ${SUMMARIES[code]}`);
    expect(ran.stderr).toMatch(/^hint: ./m);
    expect(await backupFilesOf(workplace)).toEqual(before);
    mustSucceed(await workplace.dbops(["apply", plan]));
    expect(await backupFilesOf(workplace)).toHaveLength(before.length + 6);
  });
});

function moveStore(from: string, to: string): Promise<void> {
  return rename(join(workplace.folder, "stores", from), join(workplace.folder, "stores", to));
}

async function changeMark(old: string, text: string): Promise<void> {
  const mark = join(workplace.folder, "stores/primary/_dbops/store.json");
  await writeFile(mark, (await readFile(mark, "utf8")).replace(old, text));
}
