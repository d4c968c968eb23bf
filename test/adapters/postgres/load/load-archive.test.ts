import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoadReport } from "../../../../src/ports/restore-target.ts";
import { contentOf } from "../../../support/database-content.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { dumpOf, dumpStream, emptyDatabase, load, problemOf, streamOf } from "./loading.ts";

const HARD_SCHEMA = join(import.meta.dirname, "../../../support/hard-schema.sql");
const SOURCE = `sh op="1" password='é'`;
let cluster: Cluster;
let hard: Buffer;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true, settings: { wal_level: "logical" } });
  await cluster.createDatabase(SOURCE);
  await cluster.psql(SOURCE, `\\i ${HARD_SCHEMA}`);
  hard = await dumpOf(cluster, SOURCE);
});

afterAll(() => cluster?.stop());

/** What a database is beside its content: owner, settings and comment are carried over by the swap. */
function withoutProperties(text: string): string {
  return text.replaceAll(/^.*(ALTER DATABASE|COMMENT ON DATABASE).*$/gm, "");
}

/** Each entry that failed, without its numbers, with the first message of it. */
function firstMessages(report: LoadReport): ReadonlyMap<string, string> {
  const told = report.failures.map(({ entry, message }) => [named(entry), message] as const);
  return new Map(told.reverse());
}

function named(entry: string | null): string {
  return entry?.replace(/^\d+ \d+ /, "") ?? "";
}

describe("a loaded archive", () => {
  test.each([1, 3])("of the hard schema is the database that was dumped, with %i jobs", async (jobs) => {
    const into = await emptyDatabase(cluster, `it's "hard" = ${jobs} é`);
    let bytes = 0;
    const report = await load(cluster, { archive: hard, into, jobs, onProgress: (done) => (bytes = done) });
    expect([report.failures, report.warnings.filter((one) => !one.includes("deadlock"))]).toEqual([[], []]);
    expect(report.program).toMatch(/^pg_restore \(PostgreSQL\) \d+/);
    expect(report.entries.length).toBeGreaterThan(100);
    expect(report.entries).toContainEqual(
      expect.objectContaining({ type: "EVENT TRIGGER", rest: "- note_ddl postgres" }),
    );
    expect(bytes).toBe(hard.length);
    const [made, source] = await Promise.all([contentOf(cluster, into.name), contentOf(cluster, SOURCE)]);
    expect(withoutProperties(made.text)).toBe(withoutProperties(source.text));
    expect(made.checksums).toBe(source.checksums);
  });

  test("of an empty database is an empty database", async () => {
    await cluster.createDatabase("nothing");
    const into = await emptyDatabase(cluster, "nothing side");
    const report = await load(cluster, { archive: await dumpOf(cluster, "nothing"), into });
    expect([report.entries, report.failures]).toEqual([[], []]);
  });

  test.each([1, 2])(
    "fails at what had a tablespace that is missing, and not where none is asked for: %i jobs",
    async (jobs) => {
      const [source, tablespace] = [`spaced ${jobs}`, `fast_${jobs}`];
      await cluster.createDatabase(source);
      await cluster.psql(
        source,
        `SET allow_in_place_tablespaces = on; CREATE TABLESPACE ${tablespace} LOCATION ''`,
      );
      await cluster.psql(
        source,
        `CREATE TABLE t (id int PRIMARY KEY USING INDEX TABLESPACE ${tablespace}) TABLESPACE ${tablespace}; INSERT INTO t VALUES (1)`,
      );
      const archive = await dumpOf(cluster, source);
      await cluster.psql(source, `DROP TABLE t; DROP TABLESPACE ${tablespace}`);
      const failed = await load(cluster, { archive, into: await emptyDatabase(cluster, `a ${jobs}`), jobs });
      const why = `invalid value for parameter "default_tablespace": "${tablespace}"`;
      expect(Object.fromEntries(firstMessages(failed))).toEqual({
        "TABLE public t postgres": why,
        "CONSTRAINT public t t_pkey postgres": why,
      });
      const into = await emptyDatabase(cluster, `b ${jobs}`);
      expect((await load(cluster, { archive, into, jobs, ignoreTablespaces: true })).failures).toEqual([]);
      for (const name of [`a ${jobs}`, into.name]) expect(await cluster.psql(name, "TABLE t")).toBe("1");
    },
  );

  test("lacks exactly the entries that were left out, of pre-data, data and post-data", async () => {
    const all = await load(cluster, { archive: hard, into: await emptyDatabase(cluster, "all") });
    const rests = ["- note_ddl postgres", "public secrets postgres", "public users_name_trgm postgres"];
    const types = ["EVENT TRIGGER", "TABLE DATA", "INDEX"];
    const skip = all.entries
      .filter((entry) => types.includes(entry.type) && rests.includes(entry.rest))
      .map((entry) => entry.text);
    expect(skip).toHaveLength(3);
    const into = await emptyDatabase(cluster, "some");
    expect((await load(cluster, { archive: hard, into, skip })).failures).toEqual([]);
    const left = `SELECT (SELECT count(*) FROM pg_event_trigger), (SELECT count(*) FROM secrets),
      to_regclass('users_name_trgm') IS NULL, to_regclass('users_lower_name') IS NOT NULL, (SELECT count(*) FROM users)`;
    expect(await cluster.psql("some", left)).toBe("0|0|t|t|502");
  });

  test("is read to its end, far past what pg_restore needs of it", async () => {
    const into = await emptyDatabase(cluster, "tail");
    let bytes = 0;
    const archive = Buffer.concat([hard, Buffer.alloc(3_000_000)]);
    const report = await load(cluster, { archive, into, onProgress: (done) => (bytes = done) });
    expect([report.failures, bytes]).toEqual([[], archive.length]);
  });

  test("never makes a subscription", async () => {
    await cluster.createDatabase("subscriber");
    await cluster.psql(
      "subscriber",
      "CREATE SUBSCRIPTION sub CONNECTION 'dbname=nowhere password=hush' PUBLICATION p WITH (connect = false)",
    );
    const into = await emptyDatabase(cluster, "subscriber side");
    const report = await load(cluster, { archive: await dumpOf(cluster, "subscriber"), into });
    expect(report.failures).toEqual([]);
    expect(report.entries.map((entry) => entry.type)).toEqual(["SUBSCRIPTION"]);
    expect(await cluster.psql("postgres", "SELECT subname FROM pg_subscription")).toBe("sub");
    await cluster.psql("subscriber", "ALTER SUBSCRIPTION sub SET (slot_name = NONE); DROP SUBSCRIPTION sub");
  });

  test("of thousands of tables has them all", async () => {
    await cluster.createDatabase("wide");
    const make = `SELECT format('CREATE TABLE t%s (id int PRIMARY KEY, note text DEFAULT %L)', i, i) FROM generate_series(1, 1000) i \\gexec`;
    await cluster.psql("wide", make);
    const into = await emptyDatabase(cluster, "wide side");
    const report = await load(cluster, { archive: await dumpOf(cluster, "wide"), into });
    expect([report.failures, report.entries.length]).toEqual([[], 3000]);
    const count = "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'i') AND relname ~ '^t\\d'";
    expect(await cluster.psql("wide side", count)).toBe("2000");
  });
});

describe("memory", () => {
  test("does not grow with the archive", async () => {
    await cluster.createDatabase("large");
    await cluster.psql(
      "large",
      "CREATE TABLE t AS SELECT repeat('dbops ', 10000) FROM generate_series(1, 5000)",
    );
    const into = await emptyDatabase(cluster, "large side");
    const before = process.memoryUsage().rss;
    let peak = 0;
    let bytes = 0;
    const onProgress = (done: number): void => {
      bytes = done;
      peak = Math.max(peak, process.memoryUsage().rss - before);
    };
    const report = await load(cluster, { archive: dumpStream(cluster, "large"), into, onProgress });
    expect(report.failures).toEqual([]);
    expect(bytes).toBeGreaterThan(300_000_000);
    expect(peak).toBeLessThan(150_000_000);
    expect(await cluster.psql("large side", "SELECT count(*) FROM t")).toBe("5000");
  });
});

describe("entries that fail", () => {
  test("are all reported, each with its text and the server's first line, and the rest is there", async () => {
    await cluster.createDatabase("gone");
    await cluster.psql(
      "gone",
      `CREATE ROLE gone; CREATE TABLE a (id int PRIMARY KEY); ALTER TABLE a OWNER TO gone;
       CREATE TABLE b (id int CHECK (id > 0)); GRANT SELECT ON b TO gone; INSERT INTO b VALUES (1);
       CREATE MATERIALIZED VIEW m AS SELECT 'secret'::text AS x;
       CREATE FUNCTION f(text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT length($1)';
       CREATE UNIQUE INDEX late ON m ((f(x)));`,
    );
    const archive = await dumpOf(cluster, "gone");
    // what only fails at restore: a body that no longer fits its data
    const changed = archive.toString("latin1").replace("SELECT length($1)", "SELECT $1::int --");
    await cluster.psql("gone", "ALTER TABLE a OWNER TO postgres; REVOKE ALL ON b FROM gone; DROP ROLE gone");
    const into = await emptyDatabase(cluster, "gone side");
    const report = await load(cluster, { archive: Buffer.from(changed, "latin1"), into });
    expect(report.failures.map(({ entry, message }) => [named(entry), message])).toEqual([
      ["TABLE public a gone", 'role "gone" does not exist'],
      ["ACL public TABLE b postgres", 'role "gone" does not exist'],
      ["MATERIALIZED VIEW DATA public m postgres", 'invalid input syntax for type integer: "…"'],
    ]);
    const texts = new Set(report.entries.map((entry) => entry.text));
    expect(report.failures.every(({ entry }) => entry !== null && texts.has(entry))).toBe(true);
    expect(JSON.stringify(report)).not.toContain("secret");
    expect(await cluster.psql("gone side", "SELECT count(*) FROM a, b")).toBe("0");
  });

  test("in great number, at the same time, are each named", async () => {
    await cluster.createDatabase("many");
    await cluster.psql("many", "CREATE TABLE p (id int PRIMARY KEY)");
    const make = `SELECT format('CREATE TABLE t%s (id int CONSTRAINT fk%s REFERENCES p)', i, i) FROM generate_series(1, 150) i \\gexec`;
    await cluster.psql("many", make);
    const archive = await dumpOf(cluster, "many");
    const { entries } = await load(cluster, { archive, into: await emptyDatabase(cluster, "many 0") });
    const key = entries.find((entry) => entry.rest === "public p p_pkey postgres")?.text ?? "";
    const into = await emptyDatabase(cluster, "many 1");
    const report = await load(cluster, { archive, into, jobs: 6, skip: [key] });
    const failed = report.failures.map(({ entry }) => entry).sort();
    const keys = entries.filter((entry) => entry.type === "FK CONSTRAINT").map((entry) => entry.text);
    expect(failed).toEqual(keys.sort());
    expect(new Set(report.failures.map(({ message }) => message)).size).toBe(1);
  });

  test("by a missing extension say which, and what hangs on it fails too", async () => {
    const into = await emptyDatabase(cluster, "bare");
    const damaged = hard
      .toString("latin1")
      .replaceAll("CREATE EXTENSION IF NOT EXISTS hstore", "CREATE EXTENSION IF NOT EXISTS hstorf");
    const report = await load(cluster, { archive: Buffer.from(damaged, "latin1"), into });
    const failed = firstMessages(report);
    expect(failed.get("EXTENSION - hstore")).toBe('extension "hstorf" is not available');
    expect(failed.get("TABLE public users postgres")).toBe('type "public.hstore" does not exist');
    expect(failed.get("TABLE DATA public users postgres")).toBe('relation "public.users" does not exist');
  });

  test("for a role that may not make event triggers, or change other's objects", async () => {
    await cluster.createRole("admin", "CREATEDB");
    const into = await emptyDatabase(cluster, "by admin", "admin");
    const report = await load(cluster, { archive: hard, into, user: "admin" });
    const failed = firstMessages(report);
    expect(failed.get("EVENT TRIGGER - note_ddl postgres")).toBe(
      'permission denied to create event trigger "note_ddl"',
    );
    expect(failed.get("TABLE public users postgres")).toBe('must be member of role "postgres"');
    expect([...failed.keys()].filter((entry) => entry.startsWith("TABLE DATA"))).toEqual([]);
  });
});

describe("nothing is loaded", () => {
  test("into a database that is not empty, or is another one: TARGET_CHANGED", async () => {
    const into = await emptyDatabase(cluster, "filled");
    const other = { ...into, oid: into.oid + 1 };
    expect((await problemOf(load(cluster, { archive: hard, into: other }))).code).toBe("TARGET_CHANGED");
    await cluster.psql("filled", "CREATE SCHEMA app; CREATE TABLE app.users (id int)");
    const archive = streamOf(hard);
    const problem = await problemOf(load(cluster, { archive, into }));
    expect([problem.code, problem.detail]).toEqual([
      "TARGET_CHANGED",
      "filled is not empty: it has the relation app.users",
    ]);
    expect(archive.destroyed).toBe(true);
  });

  test("when an entry to leave out is not in the archive", async () => {
    const into = await emptyDatabase(cluster, "skipped");
    const skip = ["1259 1 TABLE public nobody app"];
    const problem = await problemOf(load(cluster, { archive: hard, into, skip }));
    expect(problem.detail).toContain("1259 1 TABLE public nobody app");
    expect(await cluster.psql("skipped", "SELECT count(*) FROM pg_class WHERE oid >= 16384")).toBe("0");
  });

  test("when no database is there", async () => {
    const problem = await problemOf(load(cluster, { archive: hard, into: { name: "nobody", oid: 1 } }));
    expect(problem.code).toBe("DATABASE_MISSING");
  });
});
