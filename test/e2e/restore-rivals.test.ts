import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { APPLY, AT_ANALYZE, AT_DATA, heldPlace, ruinedPlace, startHeld } from "../support/held-restore.ts";
import { readPlan } from "../support/plan-text.ts";
import {
  databasesOf,
  type Place,
  quoted,
  type RestorableWorld,
  startRestorableWorld,
} from "../support/restorable-world.ts";
import { expectRestoredOnce, swapOf } from "../support/restored-once.ts";
import { until } from "../support/store-files.ts";
import { mustSucceed } from "../support/taken-backup.ts";

let world: RestorableWorld;

beforeAll(async () => {
  world = await startRestorableWorld();
});

afterAll(async () => {
  await world?.stop();
});

/** Another database takes the name, as somebody's own restore by hand would leave it. */
async function replaceLive({ live }: Place): Promise<void> {
  await world.cluster.psql("postgres", `DROP DATABASE ${quoted(live)} WITH (FORCE)`);
  await world.cluster.createDatabase(live);
  await world.cluster.psql(live, "CREATE TABLE by_hand (id int)");
}

describe("a database that is another one by now", () => {
  it("is not replaced, and nothing is loaded, when it changed behind the plan", async () => {
    const place = await ruinedPlace(world);
    await replaceLive(place);
    const before = await databasesOf(world.cluster);
    const ran = await place.dbops(APPLY);
    expect(ran).toMatchObject({ code: 4, stderr: expect.stringContaining("the plan was made for") });
    expect(await databasesOf(world.cluster)).toBe(before);
  });

  it("is not replaced when it changed during the load, and what was loaded stays", async () => {
    const place = await heldPlace(world, AT_DATA);
    const running = await startHeld(place);
    await replaceLive(place);
    const before = await databasesOf(world.cluster);
    place.letGo("pass");
    expect(await running.ended).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("the plan was made for"),
    });
    expect(await databasesOf(world.cluster)).toBe(before);
    expect(await world.cluster.psql(place.live, "SELECT count(*) FROM by_hand")).toBe("0");
  });
});

describe("a side database of an earlier run that nobody finished", () => {
  it("is named by the plan with what to do about it, and a new restore works beside it", async () => {
    const place = await heldPlace(world, AT_DATA);
    const { side } = await swapOf(place);
    const { plan } = await readPlan(place, "r.yaml");
    const running = await startHeld(place);
    running.child.kill("SIGKILL");
    await running.ended;
    place.letGo("cut");
    const planned = mustSucceed(
      await place.dbops(["plan", "production", "restore", "--at", "latest", "--out", "r.yaml"]),
    );
    expect(planned.stdout).toMatch(
      new RegExp(`${side}.*: a restore of ${world.name} that did not finish loading`),
    );
    for (const way of [`dbops apply ${plan}`, "dbops plan production --discard", `release ${world.name}`])
      expect(planned.stdout).toContain(way);
    mustSucceed(await place.dbops(APPLY));
    await expectRestoredOnce(world, place);
    const late = await place.dbops(["apply", plan, "--yes"]);
    expect(late).toMatchObject({ code: 4, stderr: expect.stringContaining("the plan was made for") });
    expect(await databasesOf(world.cluster)).not.toContain(side); // nobody could want it any more
  });
});

describe("16 clients that connect again and again", () => {
  it("see the ruined database, then the restored one, and never a missing one", async () => {
    const place = await heldPlace(world, AT_ANALYZE);
    const running = await startHeld(place);
    const clients = reconnecting(place.live, 16);
    await until(async () => clients.seen.ruined > 50);
    place.letGo("pass");
    mustSucceed(await running.ended);
    const after = clients.seen.restored;
    await until(async () => clients.seen.restored > after + 50);
    await clients.stop();
    expect(clients.seen.missing).toEqual([]);
    await expectRestoredOnce(world, place);
  });
});

function reconnecting(database: string, count: number) {
  const { host, port, superuser: user, password } = world.cluster;
  const seen = { ruined: 0, restored: 0, missing: [] as string[] };
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      const session = new Client({ host, port, user, password, database });
      session.on("error", () => undefined); // ended by the swap
      try {
        await session.connect();
        const { rows } = await session.query("SELECT to_regclass('junk') IS NOT NULL AS ruined");
        seen[rows[0].ruined ? "ruined" : "restored"] += 1;
      } catch (error) {
        if (error instanceof Error && /does not exist/.test(error.message)) seen.missing.push(error.message);
      } finally {
        await session.end().catch(() => undefined);
      }
    }
  };
  const all = Promise.all(Array.from({ length: count }, client));
  const stop = async (): Promise<void> => {
    isOver = true;
    await all;
  };
  return { seen, stop };
}
