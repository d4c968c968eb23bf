import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRestoreTarget } from "../../../../src/adapters/postgres/restore-target/open-restore-target.ts";
import { renderNote } from "../../../../src/model/made-database.ts";
import type { LiveDatabase, TargetFacts } from "../../../../src/model/restore-target.ts";
import type { RestoreTarget } from "../../../../src/ports/restore-target.ts";
import { DbopsError, fail } from "../../../../src/problems/dbops-error.ts";
import type { Problem } from "../../../../src/problems/problem.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { open, reachable, secrets, signal } from "../declared.ts";
import { adminOf, declaredWith, noteOf, oidOf, targetOn } from "./target-access.ts";

let cluster: Cluster;
const SHOP = `shop "=" it's ☃`;
const QUOTED = `"shop ""="" it's ☃"`;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true, settings: { wal_level: "logical" } });
  await cluster.createRole("app");
  await cluster.createRole("maker", "CREATEDB");
  await cluster.createDatabase(SHOP);
  await cluster.createDatabase("plain");
  await cluster.psql(
    SHOP,
    `GRANT app TO maker;
     ALTER DATABASE ${QUOTED} OWNER TO app;
     ALTER DATABASE ${QUOTED} SET work_mem = '8MB';
     ALTER DATABASE ${QUOTED} SET dbops.environment = 'production';
     ALTER ROLE maker IN DATABASE ${QUOTED} SET dbops.environment = 'staging';
     ALTER ROLE app IN DATABASE ${QUOTED} SET work_mem = '9MB';
     ALTER DATABASE ${QUOTED} CONNECTION LIMIT 77;
     REVOKE TEMPORARY ON DATABASE ${QUOTED} FROM PUBLIC;
     COMMENT ON DATABASE ${QUOTED} IS 'all of it';
     SELECT pg_create_logical_replication_slot('feed', 'pgoutput') \\g /dev/null
     CREATE SUBSCRIPTION news CONNECTION 'host=db.invalid password=hush' PUBLICATION p WITH (connect = false);
     CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('a1b2c3');`,
  );
});

afterAll(() => cluster?.stop());

async function seen(live: string, target: RestoreTarget = targetOn(cluster)): Promise<TargetFacts> {
  const found = await target.inspect(live, signal());
  if (found.state !== "reachable") throw new DbopsError([found.problem]);
  return found;
}

async function liveOf(name: string, user?: string): Promise<LiveDatabase> {
  const { live } = await seen(name, targetOn(cluster, user));
  if (live === null) throw new Error(`there is no ${name}`);
  return live;
}

async function unreadable(target: RestoreTarget): Promise<Problem> {
  const found = await target.inspect("plain", signal());
  if (found.state !== "unreadable") throw new Error("it could be read");
  return found.problem;
}

describe("a server that can be reached", () => {
  test("tells which one it is, what it has, and who asks", async () => {
    const found = await seen("nowhere");
    const { identity, serverVersion } = await reachable(open(cluster.connectionOf("plain")));
    expect(found).toMatchObject({
      endpoint: `127.0.0.1:${cluster.port}`,
      systemIdentifier: identity.systemIdentifier,
      serverVersion,
      role: { name: "postgres", isSuperuser: true, canCreateDatabases: true },
      tablespaces: ["pg_default", "pg_global"],
      live: null,
      made: [],
    });
    expect(found.roles).toEqual([...found.roles].sort());
    expect(found.roles).toEqual(expect.arrayContaining(["app", "maker", "pg_monitor", "postgres"]));
    expect(found.role.memberOf).toEqual(found.roles);
    const versions = await cluster.psql("postgres", "SELECT count(*) FROM pg_available_extension_versions");
    expect(found.extensions.flatMap((one) => one.versions)).toHaveLength(Number(versions));
    expect(found.extensions).toContainEqual({ name: "plpgsql", versions: ["1.0"] });
    expect(found.extensions.find((one) => one.name === "citext")?.versions.length).toBeGreaterThan(1);
  });

  test("tells what a role that is no superuser may do and is", async () => {
    await cluster.createRole("guest", "IN ROLE maker");
    const maker = await seen("nowhere", targetOn(cluster, "maker"));
    expect(maker.role).toEqual({
      name: "maker",
      isSuperuser: false,
      canCreateDatabases: true,
      memberOf: ["app", "maker"],
    });
    const guest = await seen("nowhere", targetOn(cluster, "guest"));
    expect(guest.role).toEqual({
      name: "guest",
      isSuperuser: false,
      canCreateDatabases: false,
      memberOf: ["app", "guest", "maker"],
    });
  });
});

describe("the database that would be replaced", () => {
  test("is told with everything that hangs on it", async () => {
    const live = await liveOf(SHOP);
    expect(live).toEqual({
      name: SHOP,
      oid: await oidOf(cluster, SHOP),
      sizeBytes: expect.any(Number),
      properties: {
        owner: "app",
        encoding: "UTF8",
        collate: "C.UTF-8",
        ctype: "C.UTF-8",
        localeProvider: "libc",
        icuLocale: null,
        icuRules: null,
        tablespace: "pg_default",
        connectionLimit: 77,
        accessPrivileges: ["=c/app", "app=CTc/app"],
        comment: "all of it",
        settings: [
          { role: null, settings: ["work_mem=8MB", "dbops.environment=production"] },
          { role: "app", settings: ["work_mem=9MB"] },
          { role: "maker", settings: ["dbops.environment=staging"] },
        ],
      },
      markedEnvironment: "production",
      schemaRevision: "a1b2c3",
      slots: [{ name: "feed", type: "logical", active: false }],
      subscriptions: [{ name: "news", enabled: false }],
      sessions: 0,
    });
    expect(live.sizeBytes).toBeGreaterThan(1_000_000);
  });

  test("is told to a role without special rights as well, but for what it may not read", async () => {
    await cluster.psql(SHOP, `GRANT SELECT ON alembic_version TO app`);
    const { properties, slots, subscriptions, schemaRevision, sizeBytes } = await liveOf(SHOP, "maker");
    expect({ properties, slots, subscriptions, schemaRevision }).toEqual(
      (({ properties, slots, subscriptions, schemaRevision }) => ({
        properties,
        slots,
        subscriptions,
        schemaRevision,
      }))(await liveOf(SHOP)),
    );
    expect(sizeBytes).toBeGreaterThan(1_000_000);
    await cluster.createRole("stranger");
    await cluster.psql("postgres", "REVOKE CONNECT ON DATABASE plain FROM PUBLIC");
    expect(await liveOf("plain", "stranger")).toMatchObject({
      sizeBytes: null,
      schemaRevision: null,
      revisionProblem: { severity: "error", detail: expect.stringContaining("plain") },
    });
    await cluster.psql("postgres", "GRANT CONNECT ON DATABASE plain TO PUBLIC");
  });

  test("has a revision that is not known, not none, where the table may not be read", async () => {
    await cluster.createRole("outsider");
    expect(await liveOf(SHOP, "outsider")).toMatchObject({
      schemaRevision: null,
      revisionProblem: { code: "ADMIN_RIGHTS_MISSING", detail: expect.stringContaining("alembic_version") },
    });
  });

  test("may have no mark, no revision, and let nobody in", async () => {
    expect(await liveOf("plain")).not.toHaveProperty("revisionProblem");
    expect(await liveOf("plain")).not.toHaveProperty("allowsConnections");
    await cluster.psql(
      "postgres",
      "ALTER DATABASE plain ALLOW_CONNECTIONS false; ALTER ROLE app IN DATABASE plain SET dbops.environment = 'staging'",
    );
    expect(await liveOf("plain")).toMatchObject({
      markedEnvironment: null,
      allowsConnections: false,
      schemaRevision: null,
      revisionProblem: { severity: "error", detail: expect.any(String) },
      slots: [],
      subscriptions: [],
    });
    await cluster.psql("postgres", "ALTER DATABASE plain ALLOW_CONNECTIONS true");
  });

  test("counts the sessions of others, as a role without rights on them too", async () => {
    const snapshots = await Promise.all(
      [1, 2].map(() => open(cluster.connectionOf("plain")).openSnapshot(signal())),
    );
    expect((await liveOf("plain")).sessions).toBe(2);
    expect((await liveOf("plain", "maker")).sessions).toBe(2);
    await Promise.all(snapshots.map((one) => one.close()));
  });
});

describe("databases that dbops made", () => {
  const OLD = noteOf("old", { replacedAt: "2025-01-18T02:00:00Z" });

  beforeAll(async () => {
    await cluster.createDatabase("dbops_0000000b_old");
    await cluster.createDatabase("dbops_0000000a_side");
    await cluster.createDatabase("dbops_mine");
    await cluster.createDatabase("dbops_0000000a_side2");
    await cluster.psql(
      "postgres",
      `COMMENT ON DATABASE dbops_0000000b_old IS '${renderNote(OLD)}';
       COMMENT ON DATABASE dbops_0000000a_side IS 'nothing of ours';
       REVOKE CONNECT ON DATABASE dbops_0000000b_old FROM PUBLIC`,
    );
  });

  async function expected(oldSize: unknown) {
    const size = expect.any(Number);
    const [side, old] = ["dbops_0000000a_side", "dbops_0000000b_old"];
    return [
      { name: side, oid: await oidOf(cluster, side), sizeBytes: size, note: null },
      { name: old, oid: await oidOf(cluster, old), sizeBytes: oldSize, note: OLD },
    ];
  }

  test("are listed with their notes, sorted by name", async () => {
    expect((await seen("plain")).made).toEqual(await expected(expect.any(Number)));
  });

  test("are listed for the backup role too, which may not ask for the size of a closed one", async () => {
    await cluster.createRole("reader");
    expect((await reachable(open(cluster.connectionOf("plain", "reader")))).made).toEqual(
      await expected(null),
    );
  });

  test("are not mentioned where there are none", async () => {
    await cluster.psql("postgres", "DROP DATABASE dbops_0000000a_side");
    await cluster.psql("postgres", "DROP DATABASE dbops_0000000b_old");
    expect(await reachable(open(cluster.connectionOf("plain")))).not.toHaveProperty("made");
  });
});

describe("a server that cannot be looked at is unreadable, with what to do", () => {
  const withAdmin = (more: Partial<ReturnType<typeof adminOf>>) =>
    openRestoreTarget(declaredWith(cluster, { ...adminOf(cluster), ...more }), { secrets, env: {} });

  test("when nothing listens", async () => {
    const database = declaredWith(cluster, adminOf(cluster), { port: 1 });
    const problem = await unreadable(openRestoreTarget(database, { secrets, env: {} }));
    expect([problem.code, problem.fix]).toEqual(["DATABASE_UNREACHABLE", "pg_isready -h 127.0.0.1 -p 1"]);
  });

  test("when the password is wrong, without showing it", async () => {
    const problem = await unreadable(withAdmin({ password: { env: "wr0ng-secret" } }));
    expect(problem.code).toBe("DATABASE_AUTHENTICATION");
    expect(problem.fix).toContain("psql");
    expect(JSON.stringify(problem)).not.toContain("wr0ng-secret");
  });

  test("when there is no such maintenance database", async () => {
    const problem = await unreadable(withAdmin({ database: "no maintenance" }));
    expect([problem.code, problem.detail]).toEqual([
      "DATABASE_MISSING",
      `there is no database no maintenance at 127.0.0.1:${cluster.port}`,
    ]);
    expect(problem.fix).toContain("psql");
  });

  test("when there is no admin role", async () => {
    const problem = await unreadable(openRestoreTarget(declaredWith(cluster, null), { secrets, env: {} }));
    expect([problem.code, problem.fix]).toEqual([
      "CONFIG_INVALID",
      expect.stringContaining("databases.shop: admin:"),
    ]);
  });

  test("when the secret cannot be had", async () => {
    const none = { resolve: async () => fail("SECRET_UNAVAILABLE", "ADMIN_PASSWORD") };
    const problem = await unreadable(
      openRestoreTarget(declaredWith(cluster, adminOf(cluster)), { secrets: none, env: {} }),
    );
    expect(problem.code).toBe("SECRET_UNAVAILABLE");
  });

  test("when it is a replica", async () => {
    const replica = await startCluster({ inMemory: true, standbyOf: cluster });
    try {
      const problem = await unreadable(targetOn(replica));
      expect([problem.code, problem.detail]).toEqual([
        "RESTORE_BLOCKED",
        `127.0.0.1:${replica.port} is a replica, which cannot be written`,
      ]);
    } finally {
      await replica.stop();
    }
  });

  test("but an abort is an abort, not an observation", async () => {
    const aborted = AbortSignal.abort(new Error("stop it"));
    await expect(targetOn(cluster).inspect("plain", aborted)).rejects.toThrow("stop it");
  });
});
