import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectNoneBeside, headFolders } from "../support/head-files.ts";
import { APPLY, AT_COMMIT, AT_DATA, AT_RENAME, heldPlace, startHeld } from "../support/held-restore.ts";
import { descendantsOf, isAlive } from "../support/processes.ts";
import { type RestorableWorld, startRestorableWorld } from "../support/restorable-world.ts";
import { expectRestoredOnce, expectUntouched, swapOf } from "../support/restored-once.ts";
import { eventsOf } from "../support/store-files.ts";
import { failureOf, mustSucceed } from "../support/taken-backup.ts";
import { hurried } from "../support/workplace.ts";

let world: RestorableWorld;

beforeAll(async () => {
  world = await startRestorableWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("a connection that is lost in a restore", () => {
  it("ends a load with exit 1 and nothing touched, and applying again finishes", loseLoad);
  it("ends a swap with exit 1 and nothing touched, and applying again finishes", loseSwap);

  it("in the moment of the swap is no reason to fail when the server answers again", async () => {
    const place = await heldPlace(world, AT_COMMIT);
    const running = await startHeld(place);
    place.letGo("cut");
    mustSucceed(await running.ended);
    await expectRestoredOnce(world, place);
  });
});

async function loseLoad(): Promise<void> {
  const place = await heldPlace(world, AT_DATA);
  const before = await headFolders();
  const running = await startHeld(place, {}, ["--json", ...APPLY]);
  const { side } = await swapOf(place);
  const ended = await world.cluster.psql(
    "postgres",
    `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '${side}'`,
  );
  expect(ended).toBe("1");
  place.letGo("pass");
  const ran = await running.ended;
  expect(ran.code).toBe(1);
  expect(failureOf(ran, "app.load")).toMatchObject({
    code: "LOAD_FAILED",
    detail: expect.stringContaining("terminating connection"),
  });
  await expectUntouched(world, place);
  mustSucceed(await place.dbops(APPLY));
  await expectRestoredOnce(world, place);
  await expectNoneBeside(before);
}

async function loseSwap(): Promise<void> {
  const place = hurried(await heldPlace(world, AT_RENAME));
  const running = await startHeld(place, {}, ["--json", ...APPLY]);
  place.goDown();
  const ran = await running.ended;
  expect(ran.code).toBe(1);
  expect(failureOf(ran, "app.swap")).toMatchObject({
    code: "SWAP_FAILED",
    detail: expect.stringContaining("nothing was renamed"),
  });
  await expectUntouched(world, place);
  place.comeBack();
  mustSucceed(await place.dbops(APPLY));
  await expectRestoredOnce(world, place);
}

describe("SIGINT in the middle of the load", () => {
  it("ends with exit 130, nothing touched and nothing running; applying again finishes", async () => {
    const place = await heldPlace(world, AT_DATA);
    const before = await headFolders();
    const running = await startHeld(place);
    const children = descendantsOf(running.child.pid ?? 0);
    expect(children).not.toEqual([]);
    running.child.kill("SIGINT");
    const ran = await running.ended; // what it sent is still held back: nothing waits for the load
    expect(ran).toMatchObject({ code: 130, stdout: expect.stringContaining("Interrupted:") });
    const told = [...ran.stderr.matchAll(/^error: (.*)$/gm)].map((found) => found[1]);
    expect(new Set(told)).toEqual(new Set(["the run was interrupted"]));
    expect(children.filter(({ pid }) => isAlive(pid))).toEqual([]);
    await expectNoneBeside(before);
    await expectUntouched(world, place);
    const last = (await eventsOf(place, "app.restore")).map((one) => one.event).at(-1);
    expect(last).toBe("interrupted");
    const locks = await place.dbops(["lock", "show", "production", "--json"]);
    expect(locks.stdout).not.toContain('"held"');
    place.letGo("cut");
    mustSucceed(await place.dbops(APPLY));
    await expectRestoredOnce(world, place);
  });
});
