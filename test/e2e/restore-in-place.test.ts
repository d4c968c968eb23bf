import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { AT_DATA } from "../support/held-restore.ts";
import { type InPlace, type InPlaceWorld, loadedIn, startInPlaceWorld } from "../support/in-place-world.ts";
import { type Passage, startPostgresProxy } from "../support/postgres-proxy.ts";
import { mustSucceed } from "../support/taken-backup.ts";

let world: InPlaceWorld;

beforeAll(async () => {
  world = await startInPlaceWorld();
});

afterAll(async () => {
  await world?.stop();
});

const PLAN = ["plan", "production", "restore", "--at", "latest", "--in-place", "--out", "r.yaml"];
const APPLY = ["apply", "r.yaml", "--yes"];

function schemasOf(place: InPlace): Promise<string> {
  return world.cluster.psql(
    place.live,
    `SELECT string_agg(regexp_replace(nspname, '^dbops_[0-9a-f]{8}', '~'), ' ' ORDER BY nspname COLLATE "C") FROM pg_namespace
     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`,
  );
}

function openTo(place: InPlace): Promise<string> {
  return world.cluster.psql(
    place.live,
    `SELECT string_agg(grantee::regrole::text, ' ' ORDER BY 1) FROM pg_database d, aclexplode(datacl) a
     WHERE datname = current_database() AND privilege_type = 'CONNECT'`,
  );
}

describe("a restore in place, by a role that may not create databases", () => {
  it("brings the database back equal, keeps what was there under other names, and lets everybody in again", async () => {
    const place = await world.ruined();
    const open = await openTo(place);
    const refused = await place.dbops(PLAN.filter((word) => word !== "--in-place"));
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("--in-place") });
    const planned = mustSucceed(await place.dbops(PLAN));
    expect(planned.stdout).toContain("until then every backup holds both");
    mustSucceed(await place.dbops([...APPLY, "--dry-run"]));
    mustSucceed(await place.dbops(APPLY));
    expect(await loadedIn(world.cluster, place.live)).toBe(world.original);
    expect(await schemasOf(place)).toBe("Größe & Maß auth ~_old ~_old_1 ~_old_2 ~_old_3 public");
    expect(await openTo(place)).toBe(open);
    expect(await place.dbops(APPLY)).toMatchObject({ code: 4 });
    const again = await place.dbops([...PLAN.slice(0, -1), "s.yaml"]);
    expect(again.stdout).toContain("an earlier restore in place moved it aside");
  });

  it("leaves a platform's schemas and large objects alone, and loads none beside them unless that is given up by name", async () => {
    const place = await world.ruined({ restore: { platform: "supabase" } });
    await world.cluster.psql(place.live, "SELECT lo_from_bytea(4711, 'another one')");
    const refused = await place.dbops(PLAN);
    expect(refused).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("auth (it belongs to supabase)"),
    });
    const [, entry = ""] = /--tolerate '([^']* BLOBS[^']*)'/.exec(refused.stderr) ?? [];
    mustSucceed(await place.dbops([...PLAN, "--tolerate", entry]));
    mustSucceed(await place.dbops(APPLY));
    const kept = "SELECT since, convert_from(lo_get(4711), 'UTF8') FROM auth.accounts";
    expect(await world.cluster.psql(place.live, kept)).toBe("now|another one");
    expect(await world.cluster.psql(place.live, "SELECT count(name) FROM users")).toBe("1000");
  });
});

/** Everything that the application had, under the names that it had, and everybody may come in. */
async function expectAsBefore(place: InPlace, before: string, open: string): Promise<void> {
  expect(await loadedIn(world.cluster, place.live)).toBe(before);
  expect(await openTo(place)).toBe(open);
}

describe("a restore in place that fails", () => {
  it.each([
    ["in the load", FAILING_VIEW(), {}, "LOAD_FAILED"],
    ["in a check", "SELECT", { checks: { never: "SELECT count(*) = 0 FROM users" } }, "CHECK_FAILED"],
  ])("%s leaves the application as it was, and its plan is over", async (_where, sql, restore, code) => {
    const place = await world.ruined({ restore });
    await world.cluster.psql(place.live, sql);
    const [before, open] = [await loadedIn(world.cluster, place.live), await openTo(place)];
    mustSucceed(await place.dbops(PLAN));
    const ran = await place.dbops([...APPLY, "--json"]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(code);
    await expectAsBefore(place, before, open);
    expect(await schemasOf(place)).toMatch(/ ~_part_1 ~_part_2 /);
    const again = await place.dbops(APPLY);
    expect(again).toMatchObject({ code: 4, stderr: expect.stringContaining("was given up") });
    await expectAsBefore(place, before, open);
  });
});

/** An event trigger stays, and is run by the load as well. */
function FAILING_VIEW(): string {
  return `CREATE FUNCTION wrong.no() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no views'; END $$;
    CREATE EVENT TRIGGER no_views ON ddl_command_start WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION wrong.no()`;
}

describe("a restore in place that is killed", () => {
  it("before and after what it does and has not written down, again and again, is carried out once", async () => {
    const place = await world.ruined();
    mustSucceed(await place.dbops(PLAN));
    const env = {
      NODE_OPTIONS: `--import=${join(import.meta.dirname, "../support/die-at-journal.ts")}`,
      DBOPS_TEST_DEATHS: join(place.folder, "deaths"),
      DBOPS_TEST_DEATHS_AT: "end app.(aside|load|swap|back)|noted app.load|begin app.swap",
    };
    let ran = await place.dbops(APPLY, env);
    let deaths = 0;
    for (; ran.signal === "SIGKILL"; ran = await place.dbops(APPLY, env)) deaths += 1;
    expect(deaths).toBe(7);
    expect(mustSucceed(ran).stdout).toContain("resumed");
    expect(await loadedIn(world.cluster, place.live)).toBe(world.original);
  });

  it("in the middle of the load is closed, cannot be backed up, and loads anew into what it makes empty", async () => {
    const held = Promise.withResolvers<void>();
    const passage = Promise.withResolvers<Passage>();
    let isHeld = false;
    const proxy = await startPostgresProxy(world.cluster.port, (message) => {
      if (isHeld || !message.includes(AT_DATA)) return "pass";
      isHeld = true;
      held.resolve();
      return passage.promise;
    });
    onTestFinished(() => proxy.close());
    const { host, port } = world.cluster;
    const place = await world.ruined({ connection: { port: proxy.port }, cloneOf: `${host}:${port}` });
    mustSucceed(await place.dbops(PLAN));
    const running = place.start(APPLY);
    await Promise.race([held.promise, running.ended]);
    running.child.kill("SIGKILL");
    await running.ended;
    passage.resolve("cut");
    expect(await openTo(place)).toBe("manager");
    mustSucceed(await place.dbops(["plan", "production", "backup", "--out", "b.yaml"]));
    const backedUp = await place.dbops(["apply", "b.yaml"]);
    expect(backedUp).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is being restored in place"),
    });
    expect(mustSucceed(await place.dbops(APPLY)).stdout).toContain("resumed");
    expect(await loadedIn(world.cluster, place.live)).toBe(world.original);
    expect(await schemasOf(place)).toContain("~_part_1");
  });
});
