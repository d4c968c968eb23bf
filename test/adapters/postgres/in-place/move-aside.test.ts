import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { signal } from "../declared.ts";
import { openTo } from "../restore-target/swap-world.ts";
import { problemOf } from "../restore-target/target-access.ts";
import { ADMIN, as, asideOf, databaseWith, layoutOf, schemasOf } from "./in-place-world.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    inMemory: true,
    settings: { max_locks_per_transaction: "10", max_prepared_transactions: "2" },
  });
  await cluster.createRole("app");
  await cluster.createRole("reader");
  await cluster.createRole(ADMIN, "IN ROLE app, pg_signal_backend");
});

afterAll(() => cluster?.stop());

const CONTENT = `
  CREATE TABLE users (id int PRIMARY KEY, name text);
  INSERT INTO users VALUES (1, 'before');
  CREATE SCHEMA "Odd ""schema""" AUTHORIZATION app;
  CREATE TABLE "Odd ""schema"""."t" (id int REFERENCES users);
  COMMENT ON SCHEMA "Odd ""schema""" IS 'its own | {}';
  GRANT USAGE ON SCHEMA "Odd ""schema""" TO reader;
  COMMENT ON SCHEMA public IS 'ours';
  GRANT ALL ON SCHEMA public TO reader;`;

describe("schemas that are moved aside", () => {
  test("have other names, and public is there again as initdb makes it", async () => {
    await databaseWith(cluster, "plain", CONTENT);
    const aside = await asideOf(cluster, "plain");
    expect(await as(cluster).moveAside(aside, signal())).toEqual([]);
    const { marker } = aside;
    expect(await schemasOf(cluster, "plain")).toBe(`${marker} ${marker}_1 ${marker}_2 public`);
    expect(await cluster.psql("plain", `SELECT name FROM ${marker}_2.users`)).toBe("before");
    const made =
      "SELECT nspowner::regrole, nspacl, obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'public'";
    expect(await cluster.psql("plain", made)).toBe(await cluster.psql("template1", made));
  });

  test("leave a note that tells which became which, for people and for a later run", async () => {
    await databaseWith(cluster, "noted", CONTENT);
    const aside = await asideOf(cluster, "noted");
    await as(cluster).moveAside(aside, signal());
    const place = { name: "noted", marker: aside.marker };
    expect(await as(cluster).find(place, signal())).toMatchObject({
      ...aside.of,
      state: "aside",
      plan: aside.plan,
      schemas: aside.moves.schemas,
      movedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    const sql = `SELECT obj_description('${aside.marker}'::regnamespace, 'pg_namespace')`;
    expect(await cluster.psql("noted", sql)).toMatch(
      /^dbops is loading .*: Odd "schema" is …_1, public is …_2\n\{/,
    );
  });

  test("get back their names, owners, privileges and comments, and the database its own privileges", async () => {
    await databaseWith(cluster, "returned", CONTENT);
    await cluster.psql(
      "postgres",
      `REVOKE ALL ON DATABASE returned FROM PUBLIC; GRANT CONNECT ON DATABASE returned TO app, reader WITH GRANT OPTION`,
    );
    const before = await layoutOf(cluster, "returned");
    const aside = await asideOf(cluster, "returned");
    await as(cluster).moveAside(aside, signal());
    expect(await openTo(cluster, "returned")).toBe(ADMIN);
    await cluster.psql(
      "returned",
      `SET ROLE ${ADMIN}; CREATE TABLE users (half text); CREATE SCHEMA fresh; CREATE TABLE fresh.t ();
       RESET ROLE; CREATE SCHEMA strange`,
    );
    await as(cluster).moveBack(aside, signal());
    const part = aside.marker.replace("_old", "_part");
    expect(await schemasOf(cluster, "returned")).toBe(
      `Odd "schema" ${aside.marker} ${part}_1 ${part}_2 public strange`,
    );
    await cluster.psql("returned", "DROP SCHEMA strange");
    expect(await layoutOf(cluster, "returned")).toBe(before);
    await as(cluster).moveBack(aside, signal()); // it has happened
  });

  test("stay aside when the load is kept, and whoever could connect before can again", async () => {
    await databaseWith(cluster, "kept", CONTENT);
    const aside = await asideOf(cluster, "kept");
    const open = await openTo(cluster, "kept");
    await as(cluster).moveAside(aside, signal());
    expect((await problemOf(as(cluster).keep(aside, signal()))).code).toBe("TARGET_CHANGED");
    await as(cluster).setLoaded(aside, signal());
    await as(cluster).keep(aside, signal());
    expect(await openTo(cluster, "kept")).toBe(open);
    expect((await problemOf(as(cluster).moveBack(aside, signal()))).detail).toContain("is in use");
  });

  test("are not looked at or moved for another plan before that is over", async () => {
    await databaseWith(cluster, "half", CONTENT);
    const aside = await asideOf(cluster, "half");
    const other = { ...(await asideOf(cluster, "half")), marker: "dbops_00000000_old", plan: "f".repeat(64) };
    await as(cluster).moveAside(aside, signal());
    const before = await schemasOf(cluster, "half");
    for (const refused of [
      await problemOf(as(cluster).inspect(aside.database, signal())),
      await problemOf(as(cluster).moveAside(other, signal())),
    ])
      expect(refused).toMatchObject({ code: "RESTORE_BLOCKED", fix: `dbops apply ${aside.plan}` });
    expect(await schemasOf(cluster, "half")).toBe(before);
    await as(cluster).moveBack(aside, signal());
    await as(cluster).inspect(aside.database, signal());
  });

  test("are more than a transaction could lock the tables of", async () => {
    const tables = Array.from({ length: 50 }, (_, n) => `CREATE SCHEMA s${n};`).join("");
    await databaseWith(
      cluster,
      "many",
      `${tables} DO $$ BEGIN FOR n IN 0..499 LOOP
      EXECUTE format('CREATE TABLE s%s.t%s (id int)', n % 50, n); IF n % 50 = 49 THEN COMMIT; END IF; END LOOP; END $$`,
    );
    const aside = await asideOf(cluster, "many");
    const before = await layoutOf(cluster, "many");
    await as(cluster).moveAside(aside, signal());
    await as(cluster).moveBack(aside, signal());
    expect(await layoutOf(cluster, "many")).toBe(before);
  });
});

describe("moving aside is refused", () => {
  test.each([
    ["late", "a schema was made since", "CREATE SCHEMA late", /late was made since/],
    ["gone", "a schema is gone", "DROP SCHEMA extra", /extra is not the one/],
    ["another", "a schema is another one", "DROP SCHEMA extra; CREATE SCHEMA extra", /extra is not the one/],
    ["large", "there are large objects by now", "SELECT lo_create(0)", /large objects by now/],
  ])("%s: where %s", async (name, _what, sql, detail) => {
    await databaseWith(cluster, name, `${CONTENT} CREATE SCHEMA extra;`);
    const aside = await asideOf(cluster, name);
    await cluster.psql(name, sql);
    const before = await schemasOf(cluster, name);
    const problem = await problemOf(as(cluster).moveAside(aside, signal()));
    expect(problem.code).toBe("TARGET_CHANGED");
    expect(problem.detail).toMatch(detail);
    expect(await schemasOf(cluster, name)).toBe(before);
  });

  test("for another database of that name, and under the marker of another plan", async () => {
    await databaseWith(cluster, "other", CONTENT);
    const aside = await asideOf(cluster, "other");
    const otherOid = { ...aside, database: { ...aside.database, oid: 1 } };
    expect((await problemOf(as(cluster).moveAside(otherOid, signal()))).code).toBe("TARGET_CHANGED");
    await as(cluster).moveAside(aside, signal());
    await as(cluster).moveAside(aside, signal()); // it has happened
    const otherPlan = { ...aside, plan: "b".repeat(64) };
    expect((await problemOf(as(cluster).moveAside(otherPlan, signal()))).detail).toContain("is of plan aaaa");
    expect((await problemOf(as(cluster).moveBack(otherPlan, signal()))).code).toBe("TARGET_CHANGED");
  });

  test("by the server, for a role without rights on a schema, and nothing is renamed", async () => {
    await databaseWith(cluster, "foreign_schema", CONTENT);
    await cluster.psql("foreign_schema", "CREATE SCHEMA strange AUTHORIZATION reader");
    const aside = await asideOf(cluster, "foreign_schema");
    expect((await problemOf(as(cluster).moveAside(aside, signal()))).code).toBe("ADMIN_RIGHTS_MISSING");
    expect(await schemasOf(cluster, "foreign_schema")).toBe(`Odd "schema" public strange`);
  });

  test("while a prepared transaction holds the database", async () => {
    await databaseWith(cluster, "prepared", CONTENT);
    const aside = await asideOf(cluster, "prepared");
    await cluster.psql("prepared", "BEGIN; INSERT INTO users VALUES (7); PREPARE TRANSACTION 'half'");
    const problem = await problemOf(as(cluster).moveAside(aside, signal()));
    expect(problem).toMatchObject({
      code: "SWAP_FAILED",
      fix: expect.stringContaining("ROLLBACK PREPARED 'half'"),
    });
    await cluster.psql("prepared", "ROLLBACK PREPARED 'half'");
  });
});

describe("clients", () => {
  test("that hold a transaction open are ended, and cannot come back while it lasts", async () => {
    await databaseWith(cluster, "busy", CONTENT);
    const aside = await asideOf(cluster, "busy");
    await cluster.psql("busy", "GRANT ALL ON users TO app");
    const held = clientOf(
      "busy",
      "BEGIN; LOCK TABLE users; INSERT INTO users VALUES (2); SELECT pg_sleep(60); COMMIT",
    ).catch((error: Error) => error.message);
    await connected("busy");
    await as(cluster).moveAside(aside, signal());
    expect(await held).toMatch(/terminating connection|connection to server was lost|server closed/);
    await expect(clientOf("busy", "SELECT 1")).rejects.toThrow(/permission denied for database/);
    await as(cluster).moveBack(aside, signal());
    expect(await clientOf("busy", "SELECT count(*) FROM users")).toBe("1");
  });

  test("that come back at once do not keep it from happening", async () => {
    await databaseWith(cluster, "storm", `${CONTENT} GRANT SELECT ON users TO app`);
    const aside = await asideOf(cluster, "storm", { closes: false });
    const clients = reconnecting("storm");
    await connected("storm");
    await as(cluster).moveAside(aside, signal());
    await as(cluster).moveBack(aside, signal());
    await clients.stop();
    expect(await schemasOf(cluster, "storm")).toContain("public");
  });

  test("that are superusers stay, and are told", async () => {
    await databaseWith(cluster, "watched", CONTENT);
    const aside = await asideOf(cluster, "watched");
    const watching = cluster.psql("watched", "SELECT pg_sleep(600)").catch(() => "ended");
    await connected("watched");
    expect(await as(cluster).moveAside(aside, signal())).toEqual([expect.stringContaining("of postgres")]);
    await cluster.psql(
      "postgres",
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'watched'",
    );
    expect(await watching).toBe("ended");
  });
});

/** A client that is no superuser. */
async function clientOf(database: string, sql: string): Promise<string> {
  const { stdout } = await promisify(execFile)(`${cluster.binFolder}/psql`, ["-XAtqc", sql], {
    env: {
      PATH: process.env["PATH"],
      PGHOST: cluster.host,
      PGPORT: String(cluster.port),
      PGUSER: "app",
      PGPASSWORD: cluster.password,
      PGDATABASE: database,
    },
  });
  return stdout.trim();
}

/** Sixteen that connect, ask, and connect again, until they are told to stop. */
function reconnecting(database: string) {
  let isOver = false;
  const { host, port } = cluster;
  const where = { host, port, database, user: "app", password: cluster.password };
  const client = async (): Promise<void> => {
    while (!isOver) {
      const one = new Client(where);
      one.on("error", () => undefined);
      await one
        .connect()
        .then(() => one.query("SELECT count(*) FROM users"))
        .catch(() => undefined);
      await one.end().catch(() => undefined);
    }
  };
  const all = Promise.all(Array.from({ length: 16 }, client));
  const stop = async (): Promise<void> => {
    isOver = true;
    await all;
  };
  return { stop };
}

async function connected(database: string): Promise<void> {
  const sql = `SELECT count(*) FROM pg_stat_activity WHERE datname = '${database}' AND state IS NOT NULL`;
  while ((await cluster.psql("postgres", sql)) === "0") await pause(20);
}
