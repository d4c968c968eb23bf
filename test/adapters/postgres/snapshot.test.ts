import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Snapshot } from "../../../src/ports/postgres.ts";
import { type Cluster, startCluster } from "../../support/postgres-cluster.ts";
import { open, reachable, signal, whole } from "./declared.ts";

const HARD_NAME = `a b"c=d'é dbname=x`;
let cluster: Cluster;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbops-snapshot-"));
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase(HARD_NAME);
  await cluster.psql(HARD_NAME, await readFile("test/support/hard-schema.sql", "utf8"));
  await cluster.createRole("backup", "IN ROLE pg_read_all_data BYPASSRLS");
  await cluster.psql(HARD_NAME, "GRANT SELECT ON LARGE OBJECT 50001, 50002 TO backup");
});

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function withSnapshot<T>(use: (snapshot: Snapshot) => Promise<T>, user = "backup"): Promise<T> {
  const snapshot = await open(cluster.connectionOf(HARD_NAME, user)).openSnapshot(signal());
  try {
    return await use(snapshot);
  } finally {
    await snapshot.close();
  }
}

/** An archive as SQL, by pg_restore. */
async function sqlOf(archive: Buffer): Promise<string> {
  const file = join(folder, "archive.dump");
  await writeFile(file, archive);
  const options = { maxBuffer: 256 * 1024 * 1024, encoding: "utf8" as const };
  return execFileSync(join(cluster.binFolder, "pg_restore"), ["-f", "-", file], options);
}

describe("a dump", () => {
  test("as SQL has plain strings, whatever the role sets", async () => {
    await cluster.psql("postgres", "ALTER ROLE backup SET standard_conforming_strings = off");
    try {
      const { bytes } = await withSnapshot(async (one) => whole(await one.dumpSql(signal())));
      expect(bytes.toString("latin1")).toContain("\nSET standard_conforming_strings = on;\n");
    } finally {
      await cluster.psql("postgres", "ALTER ROLE backup RESET standard_conforming_strings");
    }
  });

  test("by a role with SELECT alone comes back as an equal database, whatever the names", async () => {
    const { bytes, warnings } = await withSnapshot(async (one) => whole(await one.dump(signal())));
    expect(warnings).toEqual([]);
    const file = join(folder, "whole.dump");
    await writeFile(file, bytes);
    const target = "came back = 'well'";
    await cluster.createDatabase(target);
    const env = {
      PATH: process.env["PATH"],
      PGHOST: cluster.socketFolder,
      PGPORT: String(cluster.port),
      PGUSER: cluster.superuser,
      PGPASSWORD: cluster.password,
    };
    const run = (tool: string, args: string[], database: string): string =>
      execFileSync(join(cluster.binFolder, tool), args, {
        env: { ...env, PGDATABASE: database },
        maxBuffer: 256 * 1024 * 1024,
        encoding: "utf8",
      });
    run("pg_restore", ["--exit-on-error", "-d", "", file], target);
    const text = (database: string): string =>
      run("pg_dump", [], database).replaceAll(/^\\(un)?restrict .*$/gm, "");
    expect(text(target) === text(HARD_NAME)).toBe(true); // a diff of megabytes would help nobody
  });

  test("has no row that was inserted after the snapshot was opened", async () => {
    const sql = await withSnapshot(async (snapshot) => {
      await cluster.psql(HARD_NAME, "INSERT INTO parent (note) VALUES ('too late')");
      return sqlOf((await whole(await snapshot.dump(signal()))).bytes);
    });
    await cluster.psql(HARD_NAME, "DELETE FROM parent WHERE note = 'too late'");
    expect(sql).toContain("COPY public.parent");
    expect(sql).not.toContain("too late");
  });

  test("is dated by the server's clock, with microseconds, within the opening of the snapshot", async () => {
    const clock = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
    const before = await cluster.psql("postgres", clock);
    const at = await withSnapshot(async (snapshot) => snapshot.at);
    const after = await cluster.psql("postgres", clock);
    expect([before, at, after]).toEqual([before, at, after].toSorted());
  });

  test("outlives the timeouts that the role sets for its sessions", async () => {
    const limits = ["statement_timeout = '1ms'", "idle_in_transaction_session_timeout = '1ms'"];
    for (const limit of limits) await cluster.psql("postgres", `ALTER ROLE backup SET ${limit}`);
    const { bytes } = await withSnapshot(async (snapshot) => whole(await snapshot.dump(signal())));
    await cluster.psql("postgres", "ALTER ROLE backup RESET ALL");
    expect(bytes.length).toBeGreaterThan(100_000);
  });

  test("tells pg_dump's warnings", async () => {
    await cluster.psql(
      HARD_NAME,
      `CREATE TABLE ring (id int PRIMARY KEY, next int REFERENCES ring);
       CREATE SUBSCRIPTION sub CONNECTION 'host=db.invalid password=hush' PUBLICATION p
         WITH (connect = false, slot_name = NONE);`,
    );
    const { warnings, detail } = await withSnapshot(async (snapshot) => ({
      ...(await whole(await snapshot.dump(signal()))),
      detail: snapshot.detail,
    }));
    await cluster.psql(HARD_NAME, "DROP TABLE ring; DROP SUBSCRIPTION sub");
    expect(warnings).toContain(
      "pg_dump: warning: subscriptions not dumped because current user is not a superuser",
    );
    expect(detail["subscriptions"]).toEqual([{ name: "sub", enabled: false, publications: ["p"] }]);
    expect(detail["omissions"]).toContainEqual({
      kind: "subscriptions",
      names: ["sub"],
      why: "only a superuser dumps them: create them anew after a restore",
    });
    expect(JSON.stringify(detail)).not.toContain("hush");
  });
});

describe("the globals", () => {
  test("are roles without passwords, for a role that may connect nowhere else", async () => {
    await cluster.psql("postgres", "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC");
    const { bytes, warnings } = await withSnapshot(async (snapshot) =>
      whole(await snapshot.globals(signal())),
    );
    await cluster.psql("postgres", "GRANT CONNECT ON DATABASE postgres, template1 TO PUBLIC");
    const sql = bytes.toString();
    expect(warnings).toEqual([]);
    expect(sql).toContain("CREATE ROLE backup;");
    expect(sql).toContain("GRANT pg_read_all_data TO backup");
    expect(sql).toContain("PostgreSQL database cluster dump complete");
    expect(sql).not.toMatch(/SCRAM-SHA-256|PASSWORD/);
  });
});

describe("the detail", () => {
  test("has tables, sequences, extensions, properties of the database and counts", async () => {
    await cluster.psql(HARD_NAME, "ANALYZE users, signals"); // an analyzed partitioned table has -1 pages
    const { detail, schemaRevision } = await withSnapshot(async (snapshot) => snapshot);
    expect(schemaRevision).toBe("a1b2c3d4e5f6");
    const tables = detail["tables"] as {
      schema: string;
      name: string;
      kind: string;
      bytes: number;
      rowsEstimate: unknown;
    }[]; // as readDetail writes it
    expect(tables.filter(({ bytes }) => bytes < 0)).toEqual([]);
    expect(tables.map(({ schema, name, kind }) => `${schema}.${name}: ${kind}`)).toEqual([
      `Größe & Maß.Tabelle mit "Namen" = 'x': table`,
      "audit.log: table",
      "public.alembic_version: table",
      "public.bookings: table",
      "public.child: table",
      "public.daily: materialized view",
      "public.never_filled: materialized view",
      "public.no columns: table",
      "public.parent: table",
      "public.scratch: table",
      "public.secrets: table",
      "public.signals: partitioned table",
      "public.signals_2025: partition",
      "public.signals_2026: partitioned table",
      "public.signals_2026_0: partition",
      "public.signals_2026_1: partition",
      "public.signals_other: partition",
      "public.users: table",
      "public.weekly: materialized view",
    ]);
    const rows = Object.fromEntries(tables.map((table) => [table.name, table.rowsEstimate]));
    expect([rows["users"], rows["no columns"]]).toEqual([502, null]);
    expect(detail).toMatchObject({
      database: {
        name: HARD_NAME,
        owner: "postgres",
        encoding: "UTF8",
        collate: "C.UTF-8",
        ctype: "C.UTF-8",
        localeProvider: "libc",
        connectionLimit: -1,
        accessPrivileges: null,
        comment: "everything that's hard",
        settings: [{ role: null, settings: ["work_mem=8MB"] }],
      },
      extensions: [
        { name: "citext", version: "1.6", schema: "public" },
        { name: "hstore", version: "1.8", schema: "public" },
        { name: "pg_trgm", version: "1.6", schema: "public" },
        { name: "plpgsql", version: "1.0", schema: "pg_catalog" },
      ],
      largeObjects: 3,
      eventTriggers: [{ name: "note_ddl", event: "ddl_command_end", enabled: "O" }],
      publications: [{ name: "everything", allTables: false }],
      omissions: [{ kind: "role-passwords", names: [] }],
    });
    expect(JSON.parse(JSON.stringify(detail))).toEqual(detail);
  });

  test("lists what pg_dump leaves out without a word", async () => {
    await cluster.psql(
      HARD_NAME,
      `CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
       CREATE USER MAPPING FOR backup SERVER far OPTIONS (user 'x', password 'hush');
       CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'y');
       CREATE FOREIGN TABLE "far away" (id int) SERVER far;
       SET allow_system_table_mods = on; CREATE TABLE pg_catalog.hidden (id int);
       SET search_path = public; CREATE FUNCTION pg_catalog.hidden_too() RETURNS int LANGUAGE sql AS 'SELECT 1';`,
    );
    const { detail } = await withSnapshot(async (snapshot) => snapshot);
    await cluster.psql(
      HARD_NAME,
      `DROP EXTENSION postgres_fdw CASCADE; SET allow_system_table_mods = on;
       DROP TABLE pg_catalog.hidden; DROP FUNCTION pg_catalog.hidden_too();`,
    );
    const omissions = detail["omissions"] as { kind: string; names: string[] }[]; // as readDetail writes it
    expect(omissions.map(({ kind, names }) => [kind, names])).toEqual([
      ["role-passwords", []],
      ["user-mapping-options", ["far for backup", "far for public"]],
      ["foreign-table-contents", ['public."far away"']],
      ["objects-in-pg_catalog", ["hidden", "hidden_too()"]],
    ]);
    expect(JSON.stringify(detail)).not.toContain("hush");
  });
});

describe("Alembic's revision", () => {
  test("is looked for on the role's search path first, and several heads are joined", async () => {
    await cluster.psql(
      HARD_NAME,
      `CREATE TABLE audit.alembic_version (version_num text);
       INSERT INTO audit.alembic_version VALUES ('b'), ('a');
       ALTER ROLE backup SET search_path = audit, public;`,
    );
    const revision = await withSnapshot(async (snapshot) => snapshot.schemaRevision);
    await cluster.psql(HARD_NAME, "DROP TABLE audit.alembic_version; ALTER ROLE backup RESET ALL");
    expect(revision).toBe("a,b");
  });

  test("is null where there is no such table", async () => {
    const snapshot = await open(cluster.connectionOf("postgres")).openSnapshot(signal());
    await snapshot.close();
    expect(snapshot.schemaRevision).toBeNull();
  });
});

describe("a replica", () => {
  test("is dumped at its replay time, and tells that it has no rows of unlogged tables", async () => {
    const replica = await startCluster({ inMemory: true, standbyOf: cluster });
    try {
      await cluster.psql("postgres", "SELECT txid_current()");
      const current = await cluster.psql("postgres", "SELECT pg_current_wal_flush_lsn()");
      const behind = `SELECT pg_last_wal_replay_lsn() < '${current}'::pg_lsn OR pg_last_xact_replay_timestamp() IS NULL`;
      while ((await replica.psql("postgres", behind)) === "t");
      const postgres = open(replica.connectionOf(HARD_NAME, "backup"));
      const snapshot = await postgres.openSnapshot(signal());
      const replayed = await replica.psql(
        "postgres",
        `SELECT to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
      );
      const counts = await (await snapshot.countRows(signal())).counts;
      const sql = await sqlOf((await whole(await snapshot.dump(signal()))).bytes);
      await snapshot.close();
      const rows = Object.fromEntries(counts.map((one) => [one.name, one.rows]));
      expect(rows).toMatchObject({ users: 502 });
      expect(rows).not.toHaveProperty("scratch");
      expect(snapshot.at).toBe(replayed);
      expect((await reachable(postgres)).problems).toEqual([]);
      expect(sql).toContain("COPY public.users");
      expect(snapshot.detail["omissions"]).toContainEqual({
        kind: "unlogged-contents",
        names: ["public.scratch"],
        why: "a replica has no rows of unlogged tables: they come back empty",
      });
    } finally {
      await replica.stop();
    }
  });
});
