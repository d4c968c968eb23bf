import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderNote } from "../../../../src/model/made-database.ts";
import type { DatabaseProperties } from "../../../../src/model/restore-target.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import {
  aside,
  namesAfter,
  namesBefore,
  namesOf,
  openTo,
  propertiesOf,
  standing,
  swap,
} from "./swap-world.ts";
import { PLAIN, problemOf } from "./target-access.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  for (const role of ["app", "reader", `odd "role" = /x`]) await cluster.createRole(role);
  await cluster.createRole("manager", "CREATEDB");
});

afterAll(() => cluster?.stop());

describe("a swap", () => {
  test("gives the name to the restored database, and keeps what had it, closed and with a note", async () => {
    const asked = await standing(cluster, "plain");
    await swap(cluster, asked);
    expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
    expect(await cluster.psql("plain", "SELECT says FROM content")).toBe("restored");
    expect(await cluster.psql("plain_old", "SELECT says FROM content")).toBe("before");
    expect(await openTo(cluster, "plain_old")).toBe("nobody");
    expect(await propertiesOf(cluster, "plain_old")).toContain(renderNote(asked.note));
  });

  test("carries over owner, privileges, settings, settings of roles, connection limit and comment", async () => {
    const asked = await standing(cluster, "rich", "app");
    await cluster.psql(
      "postgres",
      `REVOKE ALL ON DATABASE rich FROM PUBLIC;
       GRANT CONNECT ON DATABASE rich TO reader WITH GRANT OPTION;
       GRANT CREATE, TEMPORARY ON DATABASE rich TO "odd ""role"" = /x";
       ALTER DATABASE rich SET dbops.environment = 'production';
       ALTER DATABASE rich SET search_path = "$user", 'a "b", c', public;
       ALTER DATABASE rich SET temp_tablespaces = '';
       ALTER DATABASE rich SET log_min_duration_statement = '100';
       ALTER DATABASE rich SET DateStyle = 'ISO, DMY';
       ALTER DATABASE rich SET app.quoted = E'it''s \\\\ a \\n "line"';
       ALTER ROLE reader IN DATABASE rich SET default_transaction_read_only = on;
       ALTER ROLE "odd ""role"" = /x" IN DATABASE rich SET work_mem = '8MB';
       ALTER DATABASE rich CONNECTION LIMIT 7;
       COMMENT ON DATABASE rich IS 'it''s \\ | {"rich": true}';
       ALTER DATABASE rich_side SET statement_timeout = '1min';
       GRANT CREATE ON DATABASE rich_side TO reader;`,
    );
    const before = await propertiesOf(cluster, "rich");
    await swap(cluster, asked);
    expect((await propertiesOf(cluster, "rich")).split("\n").sort()).toEqual(before.split("\n").sort());
    expect(before).toMatch(/dbops\.environment=production/);
    expect(await openTo(cluster, "rich_old")).toBe("nobody");
  });

  test("gives the owner everything that others had granted to each other", async () => {
    const asked = await standing(cluster, "chain", "app");
    await cluster.psql(
      "postgres",
      `GRANT CONNECT ON DATABASE chain TO reader WITH GRANT OPTION; SET ROLE reader; GRANT CONNECT ON DATABASE chain TO manager;`,
    );
    await swap(cluster, asked);
    expect(await propertiesOf(cluster, "chain")).toContain("manager=c/app");
    expect(await openTo(cluster, "chain_old")).toBe("nobody");
  });

  test("leaves nothing of the side database's own: defaults stay defaults", async () => {
    const asked = await standing(cluster, "defaults");
    const before = await propertiesOf(cluster, "defaults");
    await swap(cluster, asked);
    expect(await propertiesOf(cluster, "defaults")).toBe(before);
  });

  test("works with names that need quotes", async () => {
    const asked = await standing(cluster, `a 'b'' = c é`.replaceAll("'", "´"));
    await swap(cluster, asked);
    expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
  });

  test("that has happened resolves, and closes what was replaced when that is missing", async () => {
    const asked = await standing(cluster, "again");
    await swap(cluster, asked);
    await cluster.psql(
      "postgres",
      "GRANT CONNECT ON DATABASE again_old TO PUBLIC; COMMENT ON DATABASE again_old IS NULL;",
    );
    await swap(cluster, asked);
    expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
    expect(await openTo(cluster, "again_old")).toBe("nobody");
    expect(await propertiesOf(cluster, "again_old")).toContain(renderNote(asked.note));
    await cluster.psql("postgres", "DROP DATABASE again_old");
    await swap(cluster, asked);
  });

  test("that has happened keeps the moment at which it did", async () => {
    const asked = await standing(cluster, "moment");
    await swap(cluster, asked);
    await swap(cluster, { ...asked, note: { ...asked.note, replacedAt: "2030-01-01T00:00:00.000Z" } });
    expect(await propertiesOf(cluster, "moment_old")).toContain(renderNote(asked.note));
  });

  test("of one plan by two at once happens once", async () => {
    const asked = await standing(cluster, "twice");
    await Promise.all([swap(cluster, asked), swap(cluster, asked)]);
    expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
  });

  test("of several databases at once happens to each", async () => {
    const all = await Promise.all(["one", "two", "three"].map((name) => standing(cluster, name)));
    await Promise.all(all.map((asked) => swap(cluster, asked)));
    for (const asked of all) expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
  });
});

describe("where nothing has the name", () => {
  const properties: DatabaseProperties = {
    ...PLAIN,
    owner: "app",
    tablespace: "pg_default",
    connectionLimit: 3,
    accessPrivileges: ["=T/gone", "app=CTc/gone", '"odd ""role"" = /x"=c*/gone'],
    comment: "from the backup",
    settings: [
      { role: null, settings: ['search_path="$user", "a b"', "app.mode=x"] },
      { role: "reader", settings: ["work_mem=8MB"] },
    ],
  };

  test("the restored database gets what the backup says", async () => {
    const asked = { ...(await aside(cluster, "fresh")), properties };
    await swap(cluster, asked);
    expect(await propertiesOf(cluster, "fresh")).toBe(
      [
        'app|3|"odd ""role"" = /x"=c*/app =T/app app=CTc/app|from the backup|',
        '-:{"search_path=\\"$user\\", \\"a b\\"",app.mode=x}',
        "reader:{work_mem=8MB}",
      ]
        .join("\n")
        .replace("|\n", "|"),
    );
    expect(await namesOf(cluster, asked)).toBe(`fresh=${asked.side.oid}`);
    await swap(cluster, asked);
  });

  test("and the backup says nothing, it keeps its owner and gets the defaults", async () => {
    await swap(cluster, await aside(cluster, "classic", "app"));
    expect(await propertiesOf(cluster, "classic")).toBe("app|-1|=Tc/app app=CTc/app|no comment|");
  });

  test("a role that the server lacks is SWAP_FAILED with its name", async () => {
    const asked = await aside(cluster, "roleless");
    const owned = { ...asked, properties: { ...properties, owner: "nobody_here" } };
    expect(await problemOf(swap(cluster, owned))).toMatchObject({
      code: "SWAP_FAILED",
      detail: expect.stringContaining("nobody_here"),
      fix: expect.stringContaining("CREATE ROLE"),
    });
    const granted = { ...asked, properties: { ...properties, accessPrivileges: ["ghost=c/app"] } };
    expect((await problemOf(swap(cluster, granted))).detail).toContain('role "ghost" does not exist');
    expect(await namesOf(cluster, asked)).toBe(`roleless_side=${asked.side.oid}`);
  });

  test("a setting that the server refuses is named, and its value is not told", async () => {
    const asked = await aside(cluster, "unsettled");
    for (const setting of ["work_mem=hush-hush", "no_such_parameter=hush-hush"]) {
      const settings = [{ role: null, settings: [setting] }];
      const problem = await problemOf(swap(cluster, { ...asked, properties: { ...properties, settings } }));
      expect([problem.code, problem.detail]).toEqual([
        "SWAP_FAILED",
        expect.stringContaining(setting.split("=")[0] ?? ""),
      ]);
      expect(JSON.stringify(problem)).not.toContain("hush");
    }
    expect(await namesOf(cluster, asked)).toBe(`unsettled_side=${asked.side.oid}`);
  });
});

describe("a target that is another one is refused, and nothing is renamed", () => {
  test("when the name has another oid, has one at all, or none any more", async () => {
    const asked = await standing(cluster, "moved");
    const names = namesBefore(asked);
    for (const liveOid of [(asked.liveOid ?? 0) + 1_000_000, null])
      expect((await problemOf(swap(cluster, { ...asked, liveOid }))).code).toBe("TARGET_CHANGED");
    const nameless = { ...asked, live: "moved_away" };
    expect((await problemOf(swap(cluster, nameless))).code).toBe("TARGET_CHANGED");
    expect(await namesOf(cluster, asked)).toBe(names);
  });

  test("when the side database has another oid or another name", async () => {
    const asked = await standing(cluster, "sideless");
    const other = { ...asked, side: { ...asked.side, oid: asked.side.oid + 1_000_000 } };
    expect((await problemOf(swap(cluster, other))).code).toBe("TARGET_CHANGED");
    await cluster.psql("postgres", "ALTER DATABASE sideless_side RENAME TO sideless_taken");
    const problem = await problemOf(swap(cluster, asked));
    expect([problem.code, problem.detail]).toEqual([
      "TARGET_CHANGED",
      expect.stringContaining("is called sideless_taken"),
    ]);
  });

  test("when the name for the replaced one is taken", async () => {
    const asked = await standing(cluster, "kept");
    await cluster.createDatabase("kept_old");
    expect((await problemOf(swap(cluster, asked))).code).toBe("DATABASE_EXISTS");
    expect(await cluster.psql("kept", "SELECT says FROM content")).toBe("before");
  });

  test("when it is the database that the admin role connects to", async () => {
    const asked = { ...(await standing(cluster, "within")), live: "postgres" };
    expect(await problemOf(swap(cluster, asked))).toMatchObject({
      code: "SWAP_FAILED",
      fix: expect.stringContaining("template1"),
    });
  });
});

describe("an admin role without superuser's rights", () => {
  test("that owns both swaps them, and can still connect to what it replaced", async () => {
    const asked = await standing(cluster, "managed", "manager");
    await cluster.psql(
      "postgres",
      "GRANT CONNECT ON DATABASE managed TO reader; ALTER DATABASE managed SET work_mem = '8MB'; ALTER ROLE manager IN DATABASE managed SET work_mem = '9MB';",
    );
    const before = await propertiesOf(cluster, "managed");
    await swap(cluster, asked, { user: "manager" });
    expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
    expect(await propertiesOf(cluster, "managed")).toBe(before);
    expect(await openTo(cluster, "managed_old")).toBe("manager");
  });

  test("swaps a database whose owner it is a member of", async () => {
    await cluster.createRole("member", "CREATEDB IN ROLE app");
    const asked = await standing(cluster, "shared", "app");
    await cluster.psql("postgres", "ALTER DATABASE shared_side OWNER TO member");
    const before = await propertiesOf(cluster, "shared");
    await swap(cluster, asked, { user: "member" });
    expect(await propertiesOf(cluster, "shared")).toBe(before);
    expect(await openTo(cluster, "shared_old")).toBe("member");
  });

  test("is told what it lacks, and what is granted then is enough", async () => {
    const asked = await standing(cluster, "lacking", "app");
    await cluster.createRole("weak");
    await cluster.psql(
      "postgres",
      `ALTER DATABASE lacking_side OWNER TO weak; ALTER DATABASE lacking SET log_statement = 'ddl';
       ALTER ROLE reader IN DATABASE lacking SET work_mem = '8MB';`,
    );
    const before = await propertiesOf(cluster, "lacking");
    const told: string[] = [];
    for (let tries = 0; tries < 4; tries += 1) {
      const problem = await problemOf(swap(cluster, asked, { user: "weak" }));
      expect(problem.code).toBe("SWAP_FAILED");
      expect(await namesOf(cluster, asked)).toBe(namesBefore(asked));
      const statements = problem.fix?.split("\n").filter((line) => line.endsWith(";")) ?? [];
      await cluster.psql("postgres", statements.join("\n"));
      told.push(statements.join(" "));
    }
    expect(told).toEqual([
      'ALTER ROLE "weak" CREATEDB;',
      'GRANT "app" TO "weak";',
      'GRANT SET ON PARAMETER "log_statement" TO "weak";',
      'ALTER ROLE "weak" CREATEROLE; GRANT SET ON PARAMETER "work_mem" TO "weak";',
    ]);
    await swap(cluster, asked, { user: "weak" });
    expect(await propertiesOf(cluster, "lacking")).toBe(before);
  });

  test("carries on when a superuser has set beforehand what it may not set", async () => {
    const asked = await standing(cluster, "marked", "manager");
    const mark = (name: string) => `ALTER DATABASE ${name} SET dbops.environment = 'production'`;
    await cluster.psql("postgres", mark("marked"));
    const problem = await problemOf(swap(cluster, asked, { user: "manager" }));
    expect(problem.fix).toContain('GRANT SET ON PARAMETER "dbops"."environment" TO "manager";');
    await cluster.psql("postgres", mark("marked_side"));
    await swap(cluster, asked, { user: "manager" });
    expect(await propertiesOf(cluster, "marked")).toContain("dbops.environment=production");
  });
});
