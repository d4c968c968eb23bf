import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRestoreTarget } from "../../../../src/adapters/postgres/restore-target/open-restore-target.ts";
import type { Database } from "../../../../src/model/environment.ts";
import { Secret, type SecretSource } from "../../../../src/model/secret.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { secrets, signal } from "../declared.ts";
import { adminOf, declaredWith, problemOf } from "./target-access.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createRole("admin: \\ name", "SUPERUSER");
  await cluster.createDatabase("side");
});

afterAll(() => cluster?.stop());

/** Resolves as the tests' secrets do, and tells what was asked for. */
function watched() {
  const asked: SecretSource[] = [];
  const resolve = async (source: SecretSource): Promise<Secret> => {
    asked.push(source);
    return secrets.resolve(source, signal());
  };
  return { asked, resolve };
}

test("the admin's secret is resolved at the first use and once, the backup role's never", async () => {
  const { asked, resolve } = watched();
  const admin = adminOf(cluster);
  const target = openRestoreTarget(declaredWith(cluster, admin), { secrets: { resolve }, env: {} });
  expect(asked).toEqual([]);
  await Promise.all(["postgres", "nowhere"].map((name) => target.find(name, signal())));
  await target.find("side", signal());
  expect(asked).toEqual([admin.password]);
  await target.tables("side", signal());
  await target.tables("side", signal());
  expect(asked).toEqual([admin.password]);
});

test("a secret that could not be had is asked for again", async () => {
  const none = new Error("not yet");
  let tries = 0;
  const resolve = async () => {
    if (tries++ === 0) throw none;
    return new Secret(cluster.password);
  };
  const target = openRestoreTarget(declaredWith(cluster, adminOf(cluster)), {
    secrets: { resolve },
    env: {},
  });
  await expect(target.find("side", signal())).rejects.toBe(none);
  expect(await target.find("side", signal())).toMatchObject({ name: "side" });
});

test("without a password the passfile is asked for the admin, database by database", async () => {
  const file = join(await tempFolder(), "passfile");
  const user = "admin\\: \\\\ name";
  await writeFile(
    file,
    `127.0.0.1:${cluster.port}:*:no_such_role:wrong
     127.0.0.1:${cluster.port}:postgres:${user}:${cluster.password}`.replaceAll(/^ +/gm, ""),
    { mode: 0o600 },
  );
  const admin = { user: "admin: \\ name", password: null, database: "postgres" };
  const target = openRestoreTarget(declaredWith(cluster, admin), { secrets, env: { PGPASSFILE: file } });
  expect(await target.find("side", signal())).toMatchObject({ name: "side" });
  const problem = await problemOf(target.tables("side", signal()));
  expect([problem.code, problem.detail]).toEqual([
    "DATABASE_AUTHENTICATION",
    expect.stringContaining("no password is given"),
  ]);
});

test("a connection that is a URL or a service gives the place, and neither its user nor its password", async () => {
  const folder = await tempFolder();
  const url = `postgresql://no_such_role:wrong@127.0.0.1:${cluster.port}/nowhere?sslmode=disable`;
  await writeFile(
    join(folder, "services"),
    `[shop]\nhost=127.0.0.1\nport=${cluster.port}\nuser=no_such_role\npassword=wrong\ndbname=nowhere\nsslmode=disable\n`,
  );
  const on = (connection: Database["connection"], password: SecretSource | null) =>
    openRestoreTarget(
      { ...declaredWith(cluster, { ...adminOf(cluster), password }), connection },
      {
        secrets,
        env: { PGSERVICEFILE: join(folder, "services"), HOME: folder },
      },
    );
  const places = [{ kind: "url", url: { env: url } } as const, { kind: "service", service: "shop" } as const];
  for (const place of places) {
    expect(await on(place, { file: cluster.passwordFile }).find("side", signal())).toMatchObject({
      name: "side",
    });
    const problem = await problemOf(on(place, null).find("side", signal()));
    expect(problem.detail).toContain("no password is given");
  }
});

test("what the role sets about timeouts and read-only transactions does not hinder a restore", async () => {
  await cluster.psql(
    "postgres",
    `ALTER ROLE postgres SET default_transaction_read_only = on; ALTER ROLE postgres SET statement_timeout = '50ms';
     ALTER ROLE postgres SET standard_conforming_strings = off`,
  );
  const target = openRestoreTarget(declaredWith(cluster, adminOf(cluster)), { secrets, env: {} });
  await target.runScript(
    "side",
    { path: "a.sql", text: "CREATE TABLE a AS SELECT 'C:\\' AS b, pg_sleep(0.1)::text AS slept" },
    signal(),
  );
  expect(await target.ask("side", "SELECT count(*) = 1 FROM a WHERE b = 'C:' || chr(92)", signal())).toBe(
    true,
  );
});
