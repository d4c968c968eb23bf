import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { declareApp } from "../support/declared-environment.ts";
import { edit, readPlan } from "../support/plan-text.ts";
import {
  databasesOf,
  declaration,
  type Place,
  quoted,
  type RestorableWorld,
  type Restored,
  restoredIn,
  startRestorableWorld,
} from "../support/restorable-world.ts";
import { filesOf, stateOf } from "../support/store-files.ts";
import { mustSucceed } from "../support/taken-backup.ts";
import { makeWorkplace } from "../support/workplace.ts";

let world: RestorableWorld;

beforeAll(async () => {
  world = await startRestorableWorld();
});

afterAll(async () => {
  await world?.stop();
});

const PLAN = ["plan", "production", "restore", "--out", "r.yaml"];
const LATEST = [...PLAN, "--at", "latest"];

/** What a wrong release and a tired person leave. */
async function ruin({ live }: Place): Promise<void> {
  await world.cluster.psql(
    live,
    `DROP TABLE owned; DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE junk (id int);`,
  );
}

function expectEqual(found: Restored, expected: Restored): void {
  expect(found.checksums).toBe(expected.checksums);
  expect(found.properties).toBe(expected.properties);
  expect(firstDifference(expected.text, found.text)).toBeNull();
}

/** A diff of megabytes would help nobody. */
function firstDifference(expected: string, found: string): string | null {
  const theirs = found.split("\n");
  const at = expected.split("\n").findIndex((line, n) => line !== theirs[n]);
  if (at === -1) return expected === found ? null : `${theirs.length} lines`;
  return `line ${at + 1}: ${expected.split("\n")[at]}\nfound: ${theirs[at]}`;
}

function made(): Promise<string> {
  return world.cluster.psql(
    "postgres",
    `SELECT datname, datallowconn, shobj_description(oid, 'pg_database') FROM pg_database
     WHERE datname ~ '^dbops_' ORDER BY datname`,
  );
}

describe("a restore over a database that was ruined", () => {
  it("brings it back equal, with its owner, privileges, settings, limit and comment, and keeps what was there", async () => {
    const place = await world.fresh();
    await ruin(place);
    const planned = mustSucceed(await place.dbops(LATEST));
    expect(planned.stdout).toContain(world.name);
    expect(planned.stdout).toMatch(
      /\d+ tables must be there, \d+ of them with as many rows as the dump\s+counted/,
    );
    const applied = mustSucceed(await place.dbops(["apply", "r.yaml", "--yes"]));
    expect(applied.stdout).toContain("Applied");
    expectEqual(await restoredIn(world.cluster, place.live), world.original);
    const { steps } = await readPlan(place, "r.yaml");
    const swap = steps.find((step) => step.kind === "swap");
    expect(swap).toMatchObject({ pointOfNoReturn: true, live: place.live });
    const old = swap?.kind === "swap" && swap.type === "database" ? swap.old : "";
    expect(await world.cluster.psql(old, "SELECT count(*) FROM junk")).toBe("0");
    expect(await made()).toContain("took its place");
    const holds = (await filesOf(place, "primary")).filter((file) => file.includes("/hold/"));
    expect(holds).toEqual([]);
    expect(await place.dbops(["apply", "r.yaml", "--yes"])).toMatchObject({ code: 4 });
    expect(await place.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });

  it("asks before it replaces what is there, and for the name of a protected environment", async () => {
    const place = await world.fresh({ protected: true });
    mustSucceed(await place.dbops(LATEST));
    const before = await databasesOf(world.cluster);
    const refused = await place.dbops(["apply", "r.yaml", "--yes"]);
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining("--confirm production") });
    expect(await databasesOf(world.cluster)).toBe(before);
    mustSucceed(await place.dbops(["apply", "r.yaml", "--confirm", "production"]));
    expectEqual(await restoredIn(world.cluster, place.live), world.original);
  });

  it("is equal also where the database itself is gone: what hung on it comes out of the backup", async () => {
    const place = await world.fresh();
    await world.cluster.psql("postgres", `DROP DATABASE ${quoted(place.live)}`);
    mustSucceed(await place.dbops([...PLAN, "--at", world.stamp]));
    expect((await readPlan(place, "r.yaml")).summary).toMatchObject({ destroy: 0 });
    mustSucceed(await place.dbops(["apply", "r.yaml", "--yes"]));
    expectEqual(await restoredIn(world.cluster, place.live), world.original);
  });
});

describe("a restore under another name", () => {
  it("leaves what is there alone", async () => {
    const place = await world.fresh();
    await ruin(place);
    const before = await restoredIn(world.cluster, place.live);
    mustSucceed(await place.dbops([...LATEST, "--into", "for analysis"]));
    mustSucceed(await place.dbops(["apply", "r.yaml"]));
    expectEqual(await restoredIn(world.cluster, "for analysis"), world.original);
    expectEqual(await restoredIn(world.cluster, place.live), before);
  });
});

describe("a restore of another environment's backup", () => {
  /** Declares staging, with a database of its own on the same server and a script for what comes from production. */
  async function withStaging(name: string): Promise<Place> {
    const place = await world.fresh();
    await mkdir(join(place.folder, "sql"));
    await writeFile(
      join(place.folder, "sql", "clean.sql"),
      "UPDATE users SET email = id || '@nobody.example.com';",
    );
    await world.cluster.createDatabase(name);
    await declareApp(place, world.cluster, {
      ...declaration(world.cluster),
      environment: "staging",
      database: name,
      stores: { own: "./stores/dr" },
      restore: { sanitize: ["sql/clean.sql"], checks: { users: "SELECT count(*) > 0 FROM users" } },
    });
    mustSucceed(await place.dbops(["init", "stores", "staging"]));
    return place;
  }

  const plan = ["plan", "staging", "restore", "--from", "production", "--at", "latest", "--out", "r.yaml"];

  it("is made into this one's database, by the other one's key, and sanitized before anyone can connect", async () => {
    const staging = "staging's own";
    const place = await withStaging(staging);
    const before = await stateOf(place, "primary");
    mustSucceed(await place.dbops(plan));
    mustSucceed(await place.dbops(["apply", "r.yaml", "--yes"]));
    const real = "SELECT count(*) FROM users WHERE email !~ '@nobody\\.example\\.com$'";
    expect(await world.cluster.psql(staging, real)).toBe("0");
    expect(await stateOf(place, "primary")).toEqual(before);
  });

  it("is refused when its script, or where the other one keeps its backups, is another one by now", async () => {
    const place = await withStaging("staging too");
    mustSucceed(await place.dbops(plan));
    const before = await databasesOf(world.cluster);
    await edit(place, "sql/clean.sql", (text) => `${text} -- more`);
    const dry = await place.dbops(["apply", "r.yaml", "--dry-run"]);
    expect(dry).toMatchObject({ code: 1, stdout: expect.stringContaining("sql/clean.sql") });
    await cp(join(place.folder, "stores/primary"), join(place.folder, "stores/moved"), { recursive: true });
    await edit(place, "environments/production.yaml", (text) =>
      text.replace("./stores/primary", "./stores/moved"),
    );
    expect(await place.dbops(["apply", "r.yaml", "--yes"])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("production.yaml was edited"),
    });
    expect(await databasesOf(world.cluster)).toBe(before);
  });

  it("is not made without the other one's file, or from one that has no such database", async () => {
    const place = await withStaging("staging as well");
    expect(await place.dbops(plan.map((one) => one.replace("production", "nowhere")))).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no environment "nowhere"'),
    });
    await edit(place, "environments/staging.yaml", (text) => text.replace('"app"', '"other"'));
    expect(await place.dbops(plan)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('has no database "app", as production has'),
    });
  });
});

describe("a dry run", () => {
  it("says where every step stands, and changes nothing in the store and on the server", async () => {
    const place = await world.fresh();
    mustSucceed(await place.dbops(LATEST));
    const before = [await databasesOf(world.cluster), await stateOf(place, "primary")];
    const ran = await place.dbops(["apply", "r.yaml", "--dry-run"]);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/^! +waiting +swap .*: for app\.load$/m);
    expect(ran.stdout).toMatch(/^~ +waiting +release the hold .*: for app\.pin$/m);
    expect([await databasesOf(world.cluster), await stateOf(place, "primary")]).toEqual(before);
  });
});

describe("a plan for a restore", () => {
  it("is refused when it was edited", async () => {
    const place = await world.fresh();
    mustSucceed(await place.dbops(LATEST));
    await edit(place, "r.yaml", (text) => text.replace(/^( *jobs: ).*$/m, "$19"));
    const before = await databasesOf(world.cluster);
    expect(await place.dbops(["apply", "r.yaml", "--yes"])).toMatchObject({ code: 4 });
    expect(await databasesOf(world.cluster)).toBe(before);
  });

  it("is refused when the file says something else about restoring by now", async () => {
    const place = await world.fresh();
    mustSucceed(await place.dbops(LATEST));
    await declareApp(place, world.cluster, {
      ...declaration(world.cluster),
      database: place.live,
      restore: { jobs: 3 },
    });
    expect(await place.dbops(["apply", "r.yaml", "--yes"])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("production.yaml was edited"),
    });
  });

  it("can be applied for 4 hours, and lands in plans/ when no file is named", async () => {
    const place = await world.fresh();
    mustSucceed(await place.dbops(["plan", "production", "restore", "--at", "latest"]));
    const [file = ""] = (await readdir(join(place.folder, "plans"))).filter((one) =>
      one.startsWith("restore-"),
    );
    expect(file).toMatch(/^restore-\d{8}\.yaml$/);
    const { createdAt, expiresAt } = await readPlan(place, join("plans", file));
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(4 * 3_600_000);
  });

  it("is not made without what opens the backup, and says who could", async () => {
    const place = await world.fresh({ identities: [] });
    const ran = await place.dbops(LATEST);
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no identity can open the backup"),
    });
    expect(ran.stderr).toContain(place.recipient);
    const other = await makeWorkplace();
    await declareApp(place, world.cluster, {
      ...declaration(world.cluster),
      database: place.live,
      identities: [{ file: other.keyFile }],
    });
    const wrong = await place.dbops(LATEST);
    await other.remove();
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("tried 1 age identity") });
    expect(await readdir(place.folder)).not.toContain("r.yaml");
  });
});
