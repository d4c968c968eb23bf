import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectNoneBeside, headFolders } from "../support/head-files.ts";
import {
  APPLY,
  AT_COMMIT,
  AT_DATA,
  type HeldPlace,
  heldPlace,
  ruinedPlace,
  startHeld,
} from "../support/held-restore.ts";
import { descendantsOf, isAlive } from "../support/processes.ts";
import { type RestorableWorld, startRestorableWorld } from "../support/restorable-world.ts";
import { databasesOfPlan, expectRestoredOnce, expectUntouched } from "../support/restored-once.ts";
import { until } from "../support/store-files.ts";
import { mustSucceed } from "../support/taken-backup.ts";

let world: RestorableWorld;

beforeAll(async () => {
  world = await startRestorableWorld();
});

afterAll(async () => {
  await world?.stop();
});

/** Sends SIGKILL where the place is held; resolves with the programs that dbops had started. */
async function killHeld(place: HeldPlace) {
  const running = await startHeld(place);
  const children = descendantsOf(running.child.pid ?? 0);
  running.child.kill("SIGKILL");
  expect(await running.ended).toMatchObject({ signal: "SIGKILL" });
  return children;
}

/** The moments that matter most, in which what was done or is to be done is nowhere written down. */
const EFFECTS = [
  ...["after begin app.pin", "before end app.pin", "after begin app.create", "before end app.create"],
  "after begin app.download, begin app.decrypt, begin app.load",
  "after noted app.load name+oid",
  "before end app.download, end app.decrypt, end app.load",
  ...["after begin app.swap", "after noted app.swap live+liveOid+old+oldOid", "before end app.swap"],
  ...["before applied app.restore", "before end app.unpin", "before applied app"],
];

describe("a restore that is killed", () => {
  it("at every entry of its journal, one after the other, is carried out once", async () => {
    const place = await ruinedPlace(world);
    const deaths = join(place.folder, "deaths");
    const env = {
      NODE_OPTIONS: `--import=${join(import.meta.dirname, "../support/die-at-journal.ts")}`,
      DBOPS_TEST_DEATHS: deaths,
    };
    let ran = await place.dbops(APPLY, env);
    for (; ran.signal === "SIGKILL"; ran = await place.dbops(APPLY, env))
      expect(await databasesOfPlan(world, place)).toMatch(
        /^live(, old)? as before(, side)?$|^live, old as before$/,
      );
    expect(mustSucceed(ran).stdout).toContain("resumed");
    expect((await readFile(deaths, "utf8")).split("\n")).toEqual(expect.arrayContaining(EFFECTS));
    await expectRestoredOnce(world, place);
    expect(await place.dbops(APPLY)).toMatchObject({ code: 4 });
  });

  it("in the middle of the load takes pg_restore along, and loads anew into an empty database", async () => {
    const place = await heldPlace(world, AT_DATA);
    const before = await headFolders();
    const children = await killHeld(place);
    await expectNoneBeside(before);
    expect(children.some(({ argv }) => argv[0]?.endsWith("/pg_restore"))).toBe(true);
    await until(async () => children.every(({ pid }) => !isAlive(pid)));
    await expectUntouched(world, place);
    place.letGo("cut");
    expect(mustSucceed(await place.dbops(APPLY)).stdout).toContain("resumed");
    await expectRestoredOnce(world, place);
  });

  it("inside the transaction of the swap has renamed nothing, and swaps when it is applied again", async () => {
    const place = await heldPlace(world, AT_COMMIT);
    await killHeld(place);
    place.letGo("cut");
    await until(async () => (await sessionsOfDbops()) === "0");
    await expectUntouched(world, place);
    mustSucceed(await place.dbops(APPLY));
    await expectRestoredOnce(world, place);
  });

  it("when the swap is committed and nobody has told it so is found to have swapped", async () => {
    const place = await heldPlace(world, AT_COMMIT);
    const running = await startHeld(place);
    place.letGo({ after: () => new Promise(() => undefined) });
    await until(async () => (await databasesOfPlan(world, place)) === "live, old as before");
    running.child.kill("SIGKILL");
    await running.ended;
    const again = mustSucceed(await place.dbops(APPLY));
    expect(again.stdout).toContain("is the database that was loaded");
    await expectRestoredOnce(world, place);
  });
});

function sessionsOfDbops(): Promise<string> {
  return world.cluster.psql(
    "postgres",
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dbops'",
  );
}
