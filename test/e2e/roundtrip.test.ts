import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { restoreByGuide, restoreWithJobs } from "../support/by-hand.ts";
import { contentOf, globalsOf } from "../support/database-content.ts";
import { declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { mustSucceed, newestBackup, takeBackup } from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

const HARD_NAME = `it's a "hard" name=x dbname='y' ☃`;
const PASSPHRASE = "correct horse 'battery' ☃";
let source: Cluster;
let target: Cluster;
let workplace: Workplace;

beforeAll(async () => {
  [source, target, workplace] = await Promise.all([
    startCluster({ inMemory: true }),
    startCluster({ inMemory: true }),
    makeWorkplace(),
  ]);
  await source.psql("postgres", ROLES);
  await source.createDatabase(HARD_NAME);
  await source.psql(HARD_NAME, await readFile("test/support/hard-schema.sql", "utf8"));
  await source.psql(HARD_NAME, OWNED);
  await declareApp(workplace, source, { database: HARD_NAME });
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
});

afterAll(async () => {
  await workplace?.remove();
  await Promise.all([source?.stop(), target?.stop()]);
});

const ROLES = `
  CREATE ROLE "Größe = 'x'" NOLOGIN NOINHERIT CREATEDB VALID UNTIL '2030-01-01Z';
  CREATE ROLE reader LOGIN PASSWORD 'never dumped' CONNECTION LIMIT 3 IN ROLE "Größe = 'x'";
  ALTER ROLE reader SET work_mem = '6MB';
  COMMENT ON ROLE reader IS 'reads; isn''t it';`;
const OWNED = `
  CREATE TABLE owned (id int PRIMARY KEY);
  INSERT INTO owned VALUES (1);
  ALTER TABLE owned OWNER TO "Größe = 'x'";
  GRANT SELECT ON owned, "Größe & Maß"."Tabelle mit ""Namen"" = 'x'" TO reader;`;

/** Everything of a backup, restored into the other cluster as its own RESTORE.md says, is equal. */
async function expectEqual(restored: string): Promise<void> {
  const [original, copy] = await Promise.all([contentOf(source, HARD_NAME), contentOf(target, restored)]);
  expect(original.checksums.split("\n")).toHaveLength(20); // 17 tables with rows of their own, 3 large objects
  expect(copy.checksums).toBe(original.checksums);
  expect(firstDifference(original.text, copy.text)).toBeNull();
}

/** A diff of megabytes would help nobody. */
function firstDifference(expected: string, found: string): string | null {
  const theirs = found.split("\n");
  const at = expected.split("\n").findIndex((line, n) => line !== theirs[n]);
  if (at === -1) return expected === found ? null : `${theirs.length} lines`;
  return `line ${at + 1}: ${expected.split("\n")[at]}\nfound: ${theirs[at]}`;
}

describe("a database with everything that is hard to bring back, restored by hand as its RESTORE.md says", () => {
  it("is equal, roles included, from a name with spaces, quotes and =; each recipient alone opens it", async () => {
    const other = await makeWorkplace();
    const recipients = [workplace.recipient, other.recipient];
    await declareApp(workplace, source, { database: HARD_NAME, encryption: { age: { recipients } } });
    const { folder } = await takeBackup(workplace);
    await restoreByGuide({ folder, cluster: target, keyFile: workplace.keyFile }, "first");
    await expectEqual("first");
    expect(await globalsOf(target)).toBe(await globalsOf(source));
    await restoreWithJobs({ folder, cluster: target, keyFile: other.keyFile }, HARD_NAME);
    await expectEqual(HARD_NAME);
    await other.remove();
  });

  it("is equal without encryption and without compression", async () => {
    await declareApp(workplace, source, { database: HARD_NAME, encryption: "none", compression: "none" });
    const { folder, manifest } = await takeBackup(workplace);
    expect(manifest.objects.map((object) => object.key)).toContain(`${manifest.name}.dump`);
    await restoreByGuide({ folder, cluster: target }, "plain");
    await expectEqual("plain");
  });

  it("is equal when a passphrase opens it and zstd did its best", async () => {
    await declareApp(workplace, source, {
      database: HARD_NAME,
      encryption: { age: { passphrase: { env: "BACKUP_PASSPHRASE" } } },
      compression: { zstd: 19 },
    });
    const env = { BACKUP_PASSPHRASE: PASSPHRASE };
    mustSucceed(await workplace.dbops(["plan", "production", "backup", "--out", "pass.yaml"], env));
    mustSucceed(await workplace.dbops(["apply", "pass.yaml"], env));
    const { folder } = await newestBackup(workplace);
    await restoreByGuide({ folder, cluster: target, passphrase: PASSPHRASE }, "passphrase");
    await expectEqual("passphrase");
  });
});
