import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createStatement } from "../../../../src/adapters/postgres/restore-target/create-database.ts";
import { renderNote } from "../../../../src/model/made-database.ts";
import { DbopsError } from "../../../../src/problems/dbops-error.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { signal } from "../declared.ts";
import { noteOf, oidOf, PLAIN, problemOf, targetOn } from "./target-access.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createRole("maker", "CREATEDB");
  await cluster.createRole("anyone");
});

afterAll(() => cluster?.stop());

const SIDE = noteOf("side");

describe("a database that is created", () => {
  test("has the encoding and the locale that it was asked to have, and its note", async () => {
    const target = targetOn(cluster);
    const like = { ...PLAIN, encoding: "LATIN1", collate: "C", ctype: "C" };
    const oid = await target.create("dbops_00000001_side", like, SIDE, signal());
    const found = await target.find("dbops_00000001_side", signal());
    expect(found).toMatchObject({ name: "dbops_00000001_side", oid, note: SIDE });
    expect(found?.properties).toMatchObject({
      ...like,
      owner: "postgres",
      connectionLimit: -1,
      settings: [],
    });
  });

  test("has an ICU locale", async () => {
    const target = targetOn(cluster);
    const like = { ...PLAIN, localeProvider: "icu" as const, icuLocale: "de-u-co-phonebk" };
    await target.create("dbops_00000002_side", like, SIDE, signal());
    expect((await target.find("dbops_00000002_side", signal()))?.properties).toMatchObject(like);
  });

  test("is closed to everyone but its owner, who needs no more than CREATEDB", async () => {
    const target = targetOn(cluster, "maker");
    const oid = await target.create("dbops_00000003_side", PLAIN, SIDE, signal());
    const asked =
      "has_database_privilege('anyone', d.oid, 'CONNECT, TEMPORARY'), has_database_privilege('maker', d.oid, 'CONNECT')";
    expect(
      await cluster.psql(
        "postgres",
        `SELECT datallowconn, pg_get_userbyid(datdba), ${asked} FROM pg_database d WHERE oid = ${oid}`,
      ),
    ).toBe("t|maker|f|t");
  });

  test("has its own name, whatever is in it, and a note that can be read again", async () => {
    const target = targetOn(cluster);
    const name = `it's "a" = \\ näme ☃`;
    const note = noteOf("side", { database: `o'brien "x" \\ = ☃` });
    const oid = await target.create(name, PLAIN, note, signal());
    expect(await target.find(name, signal())).toMatchObject({ name, oid, note });
    expect(oid).toBe(await oidOf(cluster, name));
  });

  test("takes over what an earlier attempt left between CREATE DATABASE and the note", async () => {
    const target = targetOn(cluster, "maker");
    const left = createStatement("dbops_00000004_side", PLAIN, 15);
    await cluster.psql("postgres", `SET ROLE maker; ${left}`);
    const oid = await oidOf(cluster, "dbops_00000004_side");
    expect(await target.create("dbops_00000004_side", PLAIN, SIDE, signal())).toBe(oid);
    expect(await target.find("dbops_00000004_side", signal())).toMatchObject({ oid, note: SIDE });
    await cluster.psql("dbops_00000004_side", "SELECT 1");
  });
});

test.each([0, 10, 20, 30, 40, 60, 80, 120])(
  "an attempt that is cut off after about %i ms leaves nothing that the next one cannot finish",
  async (ms) => {
    const name = `dbops_${(0xa00 + ms).toString().padStart(8, "0")}_side`;
    const target = targetOn(cluster, "maker");
    const cut = await target
      .create(name, PLAIN, SIDE, AbortSignal.timeout(ms))
      .catch((error: Error) => error.name);
    if (typeof cut === "string") expect(cut).toBe("TimeoutError");
    const again = await target
      .create(name, PLAIN, SIDE, signal())
      .catch((error: DbopsError) => error.problems[0]?.code);
    const found = await target.find(name, signal());
    expect(found).toMatchObject({
      note: SIDE,
      properties: { owner: "maker", accessPrivileges: ["maker=CTc/maker"] },
    });
    expect([found?.oid, "DATABASE_EXISTS"]).toContain(again);
  },
);

describe("a name that is taken is DATABASE_EXISTS", () => {
  async function isRefused(name: string, user?: string): Promise<void> {
    const before = await cluster.psql(
      "postgres",
      `SELECT d.*, shobj_description(oid, 'pg_database') FROM pg_database d WHERE datname = '${name}'`,
    );
    const problem = await problemOf(targetOn(cluster, user).create(name, PLAIN, SIDE, signal()));
    expect([problem.code, problem.detail]).toEqual(["DATABASE_EXISTS", `the name ${name} is taken`]);
    await cluster.psql("postgres", problem.fix?.split("\n")[1] ?? "");
    expect(
      await cluster.psql(
        "postgres",
        `SELECT d.*, shobj_description(oid, 'pg_database') FROM pg_database d WHERE datname = '${name}'`,
      ),
    ).toBe(before);
  }

  test("by one that connections are allowed to, with or without a note", async () => {
    await cluster.createDatabase("dbops_00000011_side");
    await isRefused("dbops_00000011_side");
    await targetOn(cluster).create("dbops_00000012_side", PLAIN, SIDE, signal());
    await isRefused("dbops_00000012_side");
  });

  test("by one of somebody else, of another name, of another locale, or with a comment", async () => {
    const closed = (name: string, like = PLAIN) => cluster.psql("postgres", createStatement(name, like, 15));
    await closed("dbops_00000013_side");
    await isRefused("dbops_00000013_side", "maker");
    await closed("shop");
    await isRefused("shop");
    await closed("dbops_00000014_side", { ...PLAIN, collate: "C" });
    await isRefused("dbops_00000014_side");
    await closed("dbops_00000015_side");
    await cluster.psql("postgres", `COMMENT ON DATABASE dbops_00000015_side IS 'mine'`);
    await isRefused("dbops_00000015_side");
  });

  test("by the other of two that make it at once, or both made the same one", async () => {
    const both = await Promise.allSettled(
      [1, 2].map(() => targetOn(cluster).create("dbops_00000016_side", PLAIN, SIDE, signal())),
    );
    const oid = await oidOf(cluster, "dbops_00000016_side");
    const outcomes = both.map((one) => (one.status === "fulfilled" ? one.value : one.reason));
    expect(outcomes).toContain(oid);
    for (const one of outcomes)
      if (one !== oid) expect(one instanceof DbopsError && one.problems[0]?.code).toBe("DATABASE_EXISTS");
  });
});

describe("a database that cannot be created says what is missing", () => {
  test("the right to create databases, with the statement that grants it", async () => {
    await cluster.createRole("poor role");
    const target = targetOn(cluster, "poor role");
    const problem = await problemOf(target.create("dbops_00000021_side", PLAIN, SIDE, signal()));
    expect([problem.code, problem.fix]).toEqual(["ADMIN_RIGHTS_MISSING", 'ALTER ROLE "poor role" CREATEDB;']);
    await cluster.psql("postgres", problem.fix ?? "");
    await target.create("dbops_00000021_side", PLAIN, SIDE, signal());
  });

  test.each([
    ["a locale", { collate: "xx_YY.UTF-8" }, /xx_YY/],
    ["an encoding", { encoding: "KLINGON" }, /KLINGON/],
    ["an encoding that fits the locale", { encoding: "LATIN1" }, /LATIN1/],
    ["an ICU locale", { localeProvider: "icu" as const, icuLocale: "not a locale" }, /ICU|locale/],
  ])("%s that the server has not", async (_, other, named) => {
    const problem = await problemOf(
      targetOn(cluster).create("dbops_00000022_side", { ...PLAIN, ...other }, SIDE, signal()),
    );
    expect(problem.code).toBe("RESTORE_BLOCKED");
    expect(problem.detail).toMatch(named);
    expect(await targetOn(cluster).find("dbops_00000022_side", signal())).toBeNull();
  });
});

describe("the statement", () => {
  const icu = { ...PLAIN, localeProvider: "icu" as const, icuLocale: "de" };

  test("names a provider only to servers that know providers", () => {
    expect(createStatement("a", PLAIN, 14)).not.toContain("PROVIDER");
    expect(createStatement("a", PLAIN, 15)).toContain(" LOCALE_PROVIDER libc");
    expect(createStatement("a", { ...icu, icuRules: "&a < b" }, 16)).toContain(
      " LOCALE_PROVIDER icu ICU_LOCALE 'de' ICU_RULES '&a < b'",
    );
    const builtin = { ...PLAIN, localeProvider: "builtin" as const, icuLocale: "C.UTF-8" };
    expect(createStatement("a", builtin, 17)).toContain(" LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'");
    for (const [like, major] of [
      [icu, 14],
      [{ ...icu, icuRules: "&a < b" }, 15],
      [builtin, 16],
    ] as const)
      expect(() => createStatement("a", like, major)).toThrow(/servers have from/);
  });
});

describe("a note", () => {
  test("is replaced on the database that it belongs to", async () => {
    const target = targetOn(cluster);
    const name = "dbops_00000031_side";
    const oid = await target.create(name, PLAIN, SIDE, signal());
    await target.setNote({ name, oid }, noteOf("loaded"), signal());
    expect((await target.find(name, signal()))?.note).toEqual(noteOf("loaded"));
  });

  test("is refused to a database with another oid, and to one that is gone", async () => {
    const target = targetOn(cluster);
    const name = "dbops_00000032_side";
    const oid = await target.create(name, PLAIN, SIDE, signal());
    const other = await problemOf(target.setNote({ name, oid: oid - 1 }, noteOf("loaded"), signal()));
    expect([other.code, other.detail]).toEqual([
      "TARGET_CHANGED",
      `the database ${name} had oid ${oid - 1} and has oid ${oid}`,
    ]);
    expect((await target.find(name, signal()))?.properties.comment).toBe(renderNote(SIDE));
    const gone = await problemOf(target.setNote({ name: "dbops_000000ff_side", oid }, SIDE, signal()));
    expect([gone.code, gone.detail]).toEqual([
      "TARGET_CHANGED",
      `the database dbops_000000ff_side had oid ${oid} and is gone`,
    ]);
  });
});

test("a name of more than 63 bytes is no name of a database that begins like it", async () => {
  await cluster.createDatabase("x".repeat(63));
  expect(await targetOn(cluster).find("x".repeat(64), signal())).toBeNull();
});
