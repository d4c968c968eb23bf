import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeLargeObjects } from "../../../../src/adapters/postgres/in-place/give-up-load.ts";
import { markerName } from "../../../../src/model/aside-schema.ts";
import type { InPlaceTarget } from "../../../../src/ports/in-place-target.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { signal } from "../declared.ts";
import { dumpOf, MADE_BY, streamOf } from "../load/loading.ts";
import { accessTo } from "../restore-target/swap-world.ts";
import { oidOf, problemOf, targetOn } from "../restore-target/target-access.ts";
import { ADMIN, as, asideOf, databaseWith, layoutOf, PLAN, schemasOf } from "./in-place-world.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true, settings: { wal_level: "logical" } });
  await cluster.createRole(ADMIN, "IN ROLE pg_signal_backend");
});

afterAll(() => cluster?.stop());

const EXTENDED = `
  CREATE EXTENSION hstore; CREATE EXTENSION citext SCHEMA public;
  CREATE TABLE users (name citext, more hstore DEFAULT 'a=>1');
  INSERT INTO users VALUES ('Ann');`;

describe("extensions", () => {
  const admin = () => as(cluster, cluster.superuser);

  test("go along into the new public, are whole for old and new tables, and come back", async () => {
    await databaseWith(cluster, "extended", EXTENDED);
    const before = await layoutOf(cluster, "extended");
    const aside = await asideOf(cluster, "extended");
    await admin().moveAside(aside, signal());
    expect(await cluster.psql("extended", "SELECT 'A'::public.citext = 'a', public.akeys('b=>1')")).toBe(
      "t|{b}",
    );
    const old = `SELECT more -> 'a' FROM ${aside.marker}_1.users WHERE name = 'ANN'`;
    expect(await cluster.psql("extended", old)).toBe("1");
    await cluster.psql("extended", "CREATE TABLE half (name citext)");
    await admin().moveBack(aside, signal());
    expect(await layoutOf(cluster, "extended")).toBe(before);
    expect(await cluster.psql("extended", "SELECT more -> 'a' FROM users WHERE name = 'ANN'")).toBe("1");
  });

  test("that the load made go with what is given up of it, so that it can make them again", async () => {
    await databaseWith(cluster, "extending", "");
    const aside = await asideOf(cluster, "extending");
    await as(cluster).moveAside(aside, signal());
    await cluster.psql("extending", `SET ROLE ${ADMIN}; ${EXTENDED}`);
    await as(cluster).clear(aside, signal());
    const sql = "SELECT string_agg(extname, ' ') FROM pg_extension";
    expect(await cluster.psql("extending", sql)).toBe("plpgsql");
    expect(await schemasOf(cluster, "extending")).toContain(
      `${aside.marker.replace("_old", "_part")}_1 public`,
    );
  });

  test("can be moved by a superuser alone, also those that another role made", async () => {
    await databaseWith(cluster, "looked_at", EXTENDED);
    const database = { name: "looked_at", oid: await oidOf(cluster, "looked_at") };
    const found = async (target: InPlaceTarget) =>
      (await target.inspect(database, signal())).extensions.map(({ name, isOwned }) => `${name} ${isOwned}`);
    expect(await found(as(cluster))).toEqual(["citext false", "hstore false", "plpgsql false"]);
    expect(await found(admin())).toEqual(["citext true", "hstore true", "plpgsql true"]);
  });
});

describe("what a load left", () => {
  test("is put away under new names, as often as it has to be, and what stands in no schema goes", async () => {
    await databaseWith(
      cluster,
      "leaving",
      "CREATE TABLE old (id int); CREATE PUBLICATION ours FOR TABLE old; CREATE SCHEMA again;",
    );
    const aside = await asideOf(cluster, "leaving");
    const part = aside.marker.replace("_old", "_part");
    await as(cluster).moveAside(aside, signal());
    for (const _twice of [1, 2]) {
      await cluster.psql(
        "leaving",
        `SET ROLE ${ADMIN}; CREATE SCHEMA again; CREATE TABLE new (id int); CREATE PUBLICATION theirs FOR TABLE new;
         ALTER PUBLICATION ours ADD TABLE new; SELECT lo_create(0) FROM generate_series(1, 501);`,
      );
      await as(cluster).clear(aside, signal());
    }
    expect(await schemasOf(cluster, "leaving")).toBe(
      [...[1, 2].map((n) => `${aside.marker}_${n}`), ...[1, 2, 3, 4].map((n) => `${part}_${n}`), "public"]
        .concat(aside.marker)
        .sort()
        .join(" "),
    );
    const published = "SELECT pubname, schemaname FROM pg_publication_tables";
    expect(await cluster.psql("leaving", published)).toBe(`ours|${aside.marker}_2`);
    expect(await cluster.psql("leaving", "SELECT count(*) FROM pg_largeobject_metadata")).toBe("0");
  });

  test("is not touched by who thinks that it was loaded, or given up, already", async () => {
    await databaseWith(cluster, "over", "CREATE TABLE old (id int)");
    const aside = await asideOf(cluster, "over");
    await as(cluster).moveAside(aside, signal());
    await as(cluster).setLoaded(aside, signal());
    expect((await problemOf(as(cluster).clear(aside, signal()))).code).toBe("TARGET_CHANGED");
    await as(cluster).moveBack(aside, signal());
    expect((await problemOf(as(cluster).clear(aside, signal()))).code).toBe("TARGET_CHANGED");
    expect((await problemOf(as(cluster).setLoaded(aside, signal()))).code).toBe("TARGET_CHANGED");
    expect(await cluster.psql("over", "SELECT count(*) FROM old")).toBe("0");
  });

  test("is not loaded any more as soon as large objects of it are gone on the way back, and only then", async () => {
    await databaseWith(cluster, "half_back", "CREATE TABLE old (id int)");
    const aside = await asideOf(cluster, "half_back");
    const isAt = async () => (await as(cluster).find({ name: "half_back", ...aside }, signal()))?.state;
    const begin = () => removeLargeObjects(accessTo(cluster, ADMIN), aside, ["loaded"], signal());
    await as(cluster).moveAside(aside, signal());
    await as(cluster).setLoaded(aside, signal());
    await begin();
    expect(await isAt()).toBe("loaded");
    await cluster.psql("half_back", `SET ROLE ${ADMIN}; SELECT lo_create(0)`);
    await begin();
    expect(await isAt()).toBe("aside");
  });

  test("is told where somebody renamed what was moved aside", async () => {
    await databaseWith(cluster, "renamed", "CREATE TABLE old (id int)");
    const aside = await asideOf(cluster, "renamed");
    await as(cluster).moveAside(aside, signal());
    await cluster.psql("renamed", `ALTER SCHEMA ${aside.marker}_1 RENAME TO mine`);
    const problem = await problemOf(as(cluster).moveBack(aside, signal()));
    expect(problem).toMatchObject({
      code: "TARGET_CHANGED",
      detail: expect.stringContaining("is called mine"),
    });
  });
});

describe("a load in place", () => {
  const load = async (name: string, more: object = {}) => {
    const into = { name, oid: await oidOf(cluster, name) };
    const inPlace = { marker: markerName(name), plan: PLAN };
    const skip: readonly string[] = [];
    const archive = streamOf(source);
    const rest = { archive, madeBy: MADE_BY, jobs: 1, skip, onProgress: () => undefined };
    return targetOn(cluster, ADMIN).load({ into, inPlace, ...rest, ...more }, signal());
  };

  let source: Buffer;
  beforeAll(async () => {
    await databaseWith(cluster, "source", "CREATE TABLE users (id int); INSERT INTO users VALUES (1), (2)");
    source = await dumpOf(cluster, "source");
  });

  test("brings everything back where all was moved aside for this plan", async () => {
    await databaseWith(cluster, "loading", "CREATE TABLE users (name text)");
    const aside = await asideOf(cluster, "loading");
    await as(cluster).moveAside(aside, signal());
    expect((await load("loading")).failures).toEqual([]);
    expect(await cluster.psql("loading", "SELECT count(*) FROM users")).toBe("2");
  });

  test("is refused without a marker, for another plan, over what stands there, and when it is over", async () => {
    await databaseWith(cluster, "guarded", "CREATE TABLE users (name text)");
    const refusal = async (more: object = {}) => (await problemOf(load("guarded", more))).code;
    expect(await refusal()).toBe("TARGET_CHANGED");
    const aside = await asideOf(cluster, "guarded");
    await as(cluster).moveAside(aside, signal());
    expect(await refusal({ inPlace: { marker: aside.marker, plan: "b".repeat(64) } })).toBe("TARGET_CHANGED");
    await cluster.psql("guarded", `SET ROLE ${ADMIN}; CREATE FUNCTION one() RETURNS int RETURN 1`);
    expect(await refusal()).toBe("TARGET_CHANGED");
    await as(cluster).moveBack(aside, signal());
    expect(await refusal()).toBe("TARGET_CHANGED");
    expect(await cluster.psql("guarded", "SELECT count(*) FROM users")).toBe("0");
  });
});
