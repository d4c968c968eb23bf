import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { backupFilesOf, mustSucceed, planProblems, takeBackup } from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

const NAME = "app of 'anna' = \"x\"";
const ROLE = "back-up";
let cluster: Cluster;
let workplace: Workplace;

beforeAll(async () => {
  [cluster, workplace] = await Promise.all([startCluster({ inMemory: true }), makeWorkplace()]);
  await cluster.createDatabase(NAME);
  await cluster.psql(NAME, await readFile("test/support/hard-schema.sql", "utf8"));
  await cluster.psql(
    NAME,
    `CREATE TABLE many.t (id int); DO $$ BEGIN FOR i IN 1..30 LOOP EXECUTE format('CREATE TABLE many.t%s ()', i); END LOOP; END $$;
     SELECT lo_create(60000 + i) FROM generate_series(1, 30) AS i \\g /dev/null
     REVOKE CONNECT ON DATABASE "app of 'anna' = ""x""" FROM PUBLIC`.replace(
      "CREATE TABLE many.t (id int)",
      "CREATE SCHEMA many",
    ),
  );
  await cluster.createRole(ROLE);
  await declareApp(workplace, cluster, { database: NAME, user: ROLE });
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

describe("a role that may not read everything", () => {
  it("gets no backup planned, but the statements that make it possible, and nothing more than reading", async () => {
    const granted: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const planned = await workplace.dbops(["plan", "production", "backup", "--json"]);
      const problems = planProblems(planned);
      if (problems.length === 0) break;
      expect(planned.code).toBe(1);
      expect(new Set(problems.map((one) => one.code))).toEqual(new Set(["RIGHTS_MISSING"]));
      expect(planned.stdout).toMatch(/"steps": \[\]/);
      const fixes = problems.map((one) => one.fix ?? "");
      await cluster.psql(NAME, fixes.join("\n"));
      granted.push(...fixes);
    }
    const statements = granted.join("\n");
    expect(statements).toContain(`GRANT CONNECT ON DATABASE "app of 'anna' = ""x""" TO "back-up";`);
    expect(statements).toContain(`GRANT USAGE ON SCHEMA "Größe & Maß" TO "back-up";`);
    expect(statements).toContain(`GRANT SELECT ON ALL TABLES IN SCHEMA many TO "back-up";`);
    expect(statements).toContain(`ALTER ROLE "back-up" BYPASSRLS;`);
    expect(statements).not.toMatch(/GRANT (ALL |INSERT|UPDATE|DELETE)|SUPERUSER/);
    expect(await backupFilesOf(workplace)).toEqual([]);
    const { manifest } = await takeBackup(workplace);
    expect(manifest.objects).toHaveLength(4);
  });
});
