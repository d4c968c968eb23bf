import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { backupsIn, stateOf } from "../support/store-files.ts";

const OLDER = ["20260101_010000", "20260102_010000", "20260103_010000"];
const COVERED = '{ yearly: { cron: "0 0 1 1 *" } }';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("dbops run", () => {
  it("leaves deletions to a person where the file does not allow them, and says so", async () => {
    const workplace = await world.fresh({ schedules: COVERED, retention: "{ daily: 2, atLeast: 1 }" });
    for (const store of ["primary", "dr"])
      for (const stamp of OLDER) await ageBackup(workplace, store, { from: world.first, stamp });
    const before = (await stateOf(workplace, "primary")).filter((line) => line.startsWith("app/"));
    const ran = await workplace.dbops(["run", "production"]);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toContain("Left for a person");
    expect(ran.stdout).toContain(OLDER[0]);
    expect((await stateOf(workplace, "primary")).filter((line) => line.startsWith("app/"))).toEqual(before);
  });

  it("deletes where the file allows it, also in a protected environment, and then has nothing to do", async () => {
    const workplace = await world.fresh({
      schedules: COVERED,
      retention: "{ daily: 2, atLeast: 1 }",
      automatic: "[backup, copy, prune]",
      protected: true,
    });
    for (const store of ["primary", "dr"])
      for (const stamp of OLDER) await ageBackup(workplace, store, { from: world.first, stamp });
    expect(await workplace.dbops(["run", "production"])).toMatchObject({ code: 0 });
    for (const store of ["primary", "dr"])
      expect(await backupsIn(workplace, store)).toEqual([OLDER[2], world.first]);
    const again = await workplace.dbops(["run", "production"]);
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain("Nothing to do in production.");
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });

  it("copies what a store lacks, from the store that has it", async () => {
    const workplace = await world.fresh({ schedules: COVERED, retention: "{ daily: 30 }" });
    for (const stamp of OLDER) await ageBackup(workplace, "primary", { from: world.first, stamp });
    expect(await workplace.dbops(["run", "production"])).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "dr")).toEqual([...OLDER, world.first]);
    expect((await workplace.dbops(["plan", "production"])).stdout).toContain("No changes.");
  });

  it("does nothing that was not asked for: with automatic [backup] copies are left", async () => {
    const workplace = await world.fresh({ schedules: COVERED, automatic: "[backup]" });
    await ageBackup(workplace, "primary", { from: world.first, stamp: OLDER[0] ?? "" });
    const ran = await workplace.dbops(["run", "production"]);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toContain("Left for a person");
    expect(await backupsIn(workplace, "dr")).toEqual([world.first]);
  });
});
