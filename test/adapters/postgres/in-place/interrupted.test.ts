import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openInPlace } from "../../../../src/adapters/postgres/in-place/open-in-place.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { type Passage, startPostgresProxy } from "../../../support/postgres-proxy.ts";
import { signal } from "../declared.ts";
import { accessTo } from "../restore-target/swap-world.ts";
import { problemOf, targetOn } from "../restore-target/target-access.ts";
import { ADMIN, as, asideOf, databaseWith, layoutOf, schemasOf } from "./in-place-world.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  await cluster.createRole("app");
  await cluster.createRole(ADMIN, "IN ROLE pg_signal_backend");
});

afterAll(() => cluster?.stop());

/** The server behind a proxy that passes everything on but the first message with this text. */
async function through(text: string, passage: () => Passage | Promise<Passage>) {
  let isDone = false;
  const proxy = await startPostgresProxy(cluster.port, (message) => {
    if (isDone || !message.includes(text)) return "pass";
    isDone = true;
    return passage();
  });
  onTestFinished(() => proxy.close());
  return openInPlace(accessTo(cluster, ADMIN, proxy.port));
}

describe("a connection that is lost", () => {
  test.each([
    ["before_the_renames", " RENAME TO ", async (): Promise<Passage> => "cut"],
    ["before_commit", "COMMIT", async (): Promise<Passage> => "cut"],
    ["while_commit_is_under_way", "COMMIT", async (): Promise<Passage> => ({ after: async () => undefined })],
  ])("%s leaves schemas that are moved once, and come back once", async (name, text, passage) => {
    await databaseWith(cluster, name, "CREATE TABLE users (id int); CREATE SCHEMA other");
    const before = await layoutOf(cluster, name);
    const aside = await asideOf(cluster, name);
    await (await through(text, passage)).moveAside(aside, signal());
    const { marker } = aside;
    expect(await schemasOf(cluster, name)).toBe(`${marker} ${marker}_1 ${marker}_2 public`);
    await (await through(text, passage)).moveBack(aside, signal());
    expect(await layoutOf(cluster, name)).toBe(before);
  });

  test("to a run that is interrupted has moved nothing", async () => {
    await databaseWith(cluster, "gone", "CREATE TABLE users (id int)");
    const aside = await asideOf(cluster, "gone");
    const abort = new AbortController();
    const server = await through("COMMIT", async (): Promise<Passage> => {
      abort.abort(new Error("the test is over"));
      return "cut";
    });
    await expect(server.moveAside(aside, abort.signal)).rejects.toThrow("the test is over");
    expect(await as(cluster).find({ name: "gone", marker: aside.marker }, signal())).toBeNull();
  });
});

test("a transaction of somebody else that changes a schema is waited for, with a bound", async () => {
  await databaseWith(cluster, "waited", "CREATE TABLE users (id int); CREATE SCHEMA other");
  const aside = await asideOf(cluster, "waited");
  const held = cluster.psql(
    "waited",
    "BEGIN; ALTER SCHEMA other OWNER TO postgres; SELECT pg_sleep(2.2); ROLLBACK",
  );
  const isHeld =
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(2.2)%' AND pid <> pg_backend_pid()";
  while ((await cluster.psql("postgres", isHeld)) === "0");
  await as(cluster).moveAside(aside, signal());
  await held;
  expect(await schemasOf(cluster, "waited")).toBe(
    `${aside.marker} ${aside.marker}_1 ${aside.marker}_2 public`,
  );
});

test("a client that gets in while it is being closed is ended when it is", async () => {
  await databaseWith(cluster, "closing", "CREATE TABLE users (id int)");
  const aside = await asideOf(cluster, "closing");
  const { host, port, password } = cluster;
  const client = new Client({ host, port, database: "closing", user: "app", password });
  const ended = new Promise((resolve) => client.on("error", resolve));
  const server = await through("COMMIT", async (): Promise<Passage> => {
    await client.connect();
    return "pass";
  });
  await server.moveAside(aside, signal());
  expect(await ended).toMatchObject({ message: expect.stringMatching(/terminat/) });
});

test("two that move the same schemas aside at once do it once", async () => {
  await databaseWith(cluster, "raced", "CREATE TABLE users (id int)");
  const aside = await asideOf(cluster, "raced", { closes: false });
  await Promise.all([1, 2].map(() => as(cluster).moveAside(aside, signal())));
  expect(await schemasOf(cluster, "raced")).toBe(`${aside.marker} ${aside.marker}_1 public`);
  await Promise.all([1, 2].map(() => as(cluster).moveBack(aside, signal())));
  expect(await schemasOf(cluster, "raced")).toContain(" public");
});

test("a dump is refused until a restore in place is over", async () => {
  await databaseWith(cluster, "dumped", "CREATE TABLE users (id int)");
  const aside = await asideOf(cluster, "dumped");
  const dumped = () => targetOn(cluster).openSnapshot(aside.database, signal());
  await (await dumped()).close();
  await as(cluster).moveAside(aside, signal());
  const problem = await problemOf(dumped());
  expect(problem).toMatchObject({ code: "DUMP_FAILED", fix: expect.stringContaining(aside.plan) });
  await as(cluster).setLoaded(aside, signal());
  expect((await problemOf(dumped())).code).toBe("DUMP_FAILED");
  await as(cluster).keep(aside, signal());
  await (await dumped()).close();
});
