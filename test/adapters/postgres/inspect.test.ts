import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPostgres } from "../../../src/adapters/postgres/open-postgres.ts";
import { fail } from "../../../src/problems/dbops-error.ts";
import { type Cluster, startCluster } from "../../support/postgres-cluster.ts";
import { declared, open, reachable, unreadable } from "./declared.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase("shop");
  await cluster.psql(
    "shop",
    `CREATE TABLE public.orders (id bigserial PRIMARY KEY);
     CREATE SCHEMA "Rest & More"; CREATE TABLE "Rest & More"."Ärger" (id int);
     CREATE EXTENSION pg_stat_statements;`,
  );
});

afterAll(() => cluster?.stop());

/** A role that may read everything that `beforeAll` made. */
async function reader(name: string): Promise<void> {
  await cluster.createRole(name);
  const grants = `GRANT USAGE ON SCHEMA "Rest & More" TO ${name};
    GRANT SELECT ON TABLE orders, "Rest & More"."Ärger" TO ${name}; GRANT SELECT ON SEQUENCE orders_id_seq TO ${name};`;
  await cluster.psql("shop", grants);
}

async function problemsFor(role: string) {
  return (await reachable(open(cluster.connectionOf("shop", role)))).problems;
}

describe("a database that can be reached", () => {
  test("tells which one it is, its version, size and the server's clock with microseconds", async () => {
    const seen = await reachable(open(cluster.connectionOf("shop")));
    const [oid, id, version] = (
      await cluster.psql(
        "shop",
        `SELECT oid, (SELECT system_identifier FROM pg_control_system()), current_setting('server_version')
         FROM pg_database WHERE datname = 'shop'`,
      )
    ).split("|");
    expect(seen.identity).toEqual({
      endpoint: `127.0.0.1:${cluster.port}`,
      database: "shop",
      systemIdentifier: id,
      oid: Number(oid),
    });
    expect(seen.serverVersion).toBe(version?.split(" ")[0]);
    expect(seen.sizeBytes).toBeGreaterThan(1_000_000);
    expect(seen.clockAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  test("gives no system identifier where the role may not ask for it", async () => {
    await cluster.psql("shop", "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
    await reader("curious");
    const seen = await reachable(open(cluster.connectionOf("shop", "curious")));
    expect(seen.identity.systemIdentifier).toBeNull();
  });

  test("is fine for a role with nothing but SELECT: what belongs to an extension is not dumped", async () => {
    await reader("plain");
    await cluster.psql(
      "shop",
      "CREATE TABLE member (id serial); ALTER EXTENSION pg_stat_statements ADD TABLE member; ALTER EXTENSION pg_stat_statements ADD SEQUENCE member_id_seq",
    );
    expect(await problemsFor("plain")).toEqual([]);
  });

  test("is reached through its socket folder, which is then its endpoint", async () => {
    const connection = { ...cluster.connectionOf("shop"), host: cluster.socketFolder };
    const seen = await reachable(open({ ...connection, sslmode: "verify-full" }));
    expect(seen.identity.endpoint).toBe(cluster.socketFolder);
  });
});

describe("a right that is missing is named with the statement that grants it", () => {
  /** Expects one problem whose detail fits, and none after its fix was executed. */
  async function mends(role: string, detail: string, fix: string): Promise<void> {
    const problems = await problemsFor(role);
    expect(problems.map((one) => [one.code, one.severity, one.detail, one.fix])).toEqual([
      ["RIGHTS_MISSING", "error", detail, fix],
    ]);
    await cluster.psql("shop", fix);
    expect(await problemsFor(role)).toEqual([]);
  }

  test("on a table", async () => {
    await reader("r_table");
    await cluster.psql("shop", `REVOKE SELECT ON "Rest & More"."Ärger" FROM r_table`);
    const table = `"Rest & More"."Ärger"`;
    await mends("r_table", `no SELECT on table ${table}`, `GRANT SELECT ON TABLE ${table} TO r_table;`);
  });

  test("on a sequence", async () => {
    await reader("r_sequence");
    await cluster.psql("shop", "REVOKE SELECT ON SEQUENCE orders_id_seq FROM r_sequence");
    await mends(
      "r_sequence",
      "no SELECT on sequence public.orders_id_seq",
      "GRANT SELECT ON SEQUENCE public.orders_id_seq TO r_sequence;",
    );
  });

  test("on a schema", async () => {
    await reader("r_schema");
    await cluster.psql("shop", `REVOKE USAGE ON SCHEMA "Rest & More" FROM r_schema`);
    await mends(
      "r_schema",
      `no USAGE on schema "Rest & More"`,
      `GRANT USAGE ON SCHEMA "Rest & More" TO r_schema;`,
    );
  });

  test("on a large object, even with pg_read_all_data", async () => {
    await cluster.createRole("r_large", "IN ROLE pg_read_all_data");
    await cluster.psql("shop", "SELECT lo_from_bytea(4711, 'x')");
    await mends("r_large", "no SELECT on large object 4711", "GRANT SELECT ON LARGE OBJECT 4711 TO r_large;");
    await cluster.psql("shop", "SELECT lo_unlink(4711)");
  });

  test("on row-level security, for a role whose name has to be quoted", async () => {
    await cluster.createRole("Row Reader");
    await cluster.psql(
      "shop",
      'GRANT pg_read_all_data TO "Row Reader"; ALTER TABLE orders ENABLE ROW LEVEL SECURITY',
    );
    await mends(
      "Row Reader",
      "row-level security would hide rows from the role in table public.orders",
      'ALTER ROLE "Row Reader" BYPASSRLS;',
    );
    await cluster.psql("shop", "ALTER TABLE orders DISABLE ROW LEVEL SECURITY");
  });

  test("on row-level security that its owner is not exempt from", async () => {
    await cluster.createRole("r_owner", "IN ROLE pg_read_all_data");
    const made = `CREATE TABLE own (id int); ALTER TABLE own OWNER TO r_owner; ALTER TABLE own ENABLE ROW LEVEL SECURITY`;
    await cluster.psql("shop", made);
    expect(await problemsFor("r_owner")).toEqual([]);
    await cluster.psql("shop", "ALTER TABLE own FORCE ROW LEVEL SECURITY");
    expect((await problemsFor("r_owner"))[0]?.fix).toBe("ALTER ROLE r_owner BYPASSRLS;");
    await cluster.psql("shop", "DROP TABLE own");
  });

  test("of many tables names twenty and the count, and grants all", async () => {
    await reader("r_many");
    await cluster.createRole("r_lo_many", "IN ROLE pg_read_all_data");
    const made = `CREATE SCHEMA many; GRANT USAGE ON SCHEMA many TO r_many;
      SELECT format('CREATE TABLE many.t%s (id int)', lpad(i::text, 2, '0')) FROM generate_series(1, 25) AS i \\gexec
      SELECT lo_from_bytea(6000 + i, '') FROM generate_series(1, 25) AS i;`;
    await cluster.psql("shop", made);
    const [table, objects] = await problemsFor("r_many");
    expect(table?.detail).toMatch(/^no SELECT on 25 tables: many\.t01, .*many\.t20 and 5 more$/);
    expect(table?.fix).toBe("GRANT SELECT ON ALL TABLES IN SCHEMA many TO r_many;");
    expect(objects?.detail).toMatch(/^no SELECT on 25 large objects: 6001, .*6020 and 5 more$/);
    await cluster.psql("shop", `${table?.fix}\n${objects?.fix}`);
    expect(await problemsFor("r_many")).toEqual([]);
  });
});

describe("a database that cannot be looked at is unreadable, with what to do", () => {
  test("when nothing listens", async () => {
    const silent = await startCluster();
    const connection = silent.connectionOf("postgres");
    await silent.stop();
    const problem = await unreadable(open({ ...connection, password: null }));
    expect(problem.code).toBe("DATABASE_UNREACHABLE");
    expect(problem.detail).toBe(
      `postgres at 127.0.0.1:${silent.port}: nothing listens there (connection refused)`,
    );
    expect(problem.fix).toBe(`pg_isready -h 127.0.0.1 -p ${silent.port}`);
  });

  test("when its host name is unknown", async () => {
    const problem = await unreadable(open({ ...cluster.connectionOf("shop"), host: "db.invalid" }));
    expect([problem.code, problem.detail]).toEqual([
      "DATABASE_UNREACHABLE",
      `shop at db.invalid:${cluster.port}: its host name is not known`,
    ]);
  });

  test("when whoever listens never answers", async () => {
    const mute = createServer();
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const address = mute.address();
    const port = typeof address === "object" ? address?.port : 0;
    const url = `postgresql://u:hush@127.0.0.1:${port}/shop?connect_timeout=1&sslmode=disable`;
    const problem = await unreadable(open({ kind: "url", url: { env: url } }));
    mute.close();
    expect([problem.code, problem.detail]).toEqual([
      "DATABASE_UNREACHABLE",
      `shop at 127.0.0.1:${port}: no answer in time`,
    ]);
  });

  test("when the password is wrong, without showing it", async () => {
    const connection = { ...cluster.connectionOf("shop"), password: { env: "wr0ng-secret" } };
    const problem = await unreadable(open(connection));
    expect(problem.code).toBe("DATABASE_AUTHENTICATION");
    expect(problem.fix).toContain(`psql -h 127.0.0.1 -p ${cluster.port} -U postgres dbname=shop`);
    expect(JSON.stringify(problem)).not.toContain("wr0ng-secret");
  });

  test("when it needs a password and none is given, whatever PGPASSWORD says", async () => {
    const before = process.env["PGPASSWORD"];
    process.env["PGPASSWORD"] = cluster.password;
    const connection = { ...cluster.connectionOf("shop"), password: null };
    const problem = await unreadable(open(connection, { PATH: process.env["PATH"], HOME: "/nonexistent" }));
    if (before === undefined) delete process.env["PGPASSWORD"];
    else process.env["PGPASSWORD"] = before;
    expect(problem.code).toBe("DATABASE_AUTHENTICATION");
    expect(problem.detail).toContain("no password is given");
  });

  test("when it does not exist, with a command that survives its name", async () => {
    const problem = await unreadable(open(cluster.connectionOf("it's = not here")));
    expect(problem.code).toBe("DATABASE_MISSING");
    expect(problem.fix).toContain(`psql -h 127.0.0.1 -p ${cluster.port} -U postgres dbname=postgres -l`);
  });

  test("when the role may not connect to it", async () => {
    await cluster.createDatabase("closed");
    await cluster.createRole("outsider");
    await cluster.psql("closed", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC");
    const connection = cluster.connectionOf("closed", "outsider");
    const problem = await unreadable(open(connection));
    expect(problem.code).toBe("RIGHTS_MISSING");
    await cluster.psql("postgres", problem.fix ?? "");
    expect((await reachable(open(connection))).identity.database).toBe("closed");
  });

  test("when the role has no connection left", async () => {
    await cluster.createRole("crowd", "CONNECTION LIMIT 0");
    const problem = await unreadable(open(cluster.connectionOf("shop", "crowd")));
    expect([problem.code, problem.fix]).toEqual([
      "DATABASE_UNREACHABLE",
      expect.stringContaining("CONNECTION LIMIT"),
    ]);
  });

  test("when its secret cannot be had", async () => {
    const connection = { ...cluster.connectionOf("shop"), password: { file: "/nonexistent/password" } };
    const none = { resolve: async () => fail("SECRET_UNAVAILABLE", "/nonexistent/password") };
    expect((await unreadable(openPostgres(declared(connection), none))).code).toBe("SECRET_UNAVAILABLE");
  });

  test("but an abort is an abort, not an observation", async () => {
    const aborted = AbortSignal.abort(new Error("stop it"));
    await expect(open(cluster.connectionOf("shop")).inspect(aborted)).rejects.toThrow("stop it");
  });
});
