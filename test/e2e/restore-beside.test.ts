import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { APPLY, AT_DATA, heldPlace, startHeld } from "../support/held-restore.ts";
import {
  databasesOf,
  type RestorableWorld,
  restoredIn,
  startRestorableWorld,
} from "../support/restorable-world.ts";
import { backupsIn } from "../support/store-files.ts";
import { backupFilesOf, mustSucceed } from "../support/taken-backup.ts";

let world: RestorableWorld;

beforeAll(async () => {
  world = await startRestorableWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("while a restore loads", () => {
  it("a second one of the same database is refused as locked, and backups go on", async () => {
    const place = await heldPlace(world, AT_DATA);
    const running = await startHeld(place);
    const before = await databasesOf(world.cluster);
    const stored = await backupFilesOf(place);
    const second = ["plan", "production", "restore", "--at", world.stamp, "--out", "second.yaml"];
    const planned = mustSucceed(await place.dbops(second));
    expect(planned.stdout).toMatch(/dbops_[0-9a-f]{8}_side.*did not finish loading, or still does/);
    for (const plan of ["second.yaml", "r.yaml"])
      expect(await place.dbops(["apply", plan, "--yes"])).toMatchObject({
        code: 5,
        stderr: expect.stringMatching(new RegExp(`app(\\.restore)? is held by .*${running.child.pid}`)),
      });
    expect(await databasesOf(world.cluster)).toBe(before);
    expect(await backupFilesOf(place)).toEqual(stored); // not even its pin
    mustSucceed(await place.dbops(["plan", "production", "backup", "--out", "b.yaml"]));
    mustSucceed(await place.dbops(["apply", "b.yaml"]));
    expect(await backupsIn(place, "primary")).toHaveLength(2);
    place.letGo("pass");
    expect(await running.ended).toMatchObject({ code: 0 });
    expect((await restoredIn(world.cluster, place.live)).checksums).toBe(world.original.checksums);
    // What it was made to replace is another database by now.
    const after = await databasesOf(world.cluster);
    expect(await place.dbops(["apply", "second.yaml", "--yes"])).toMatchObject({ code: 4 });
    expect(await databasesOf(world.cluster)).toBe(after);
    expect((await restoredIn(world.cluster, place.live)).checksums).toBe(world.original.checksums);
  });

  it("its backup is pinned: no prune takes it away", async () => {
    const place = await heldPlace(world, AT_DATA);
    const running = await startHeld(place);
    const held = await place.dbops(["backups", "production"]);
    expect(held.stdout).toMatch(/held|hold/);
    place.letGo("pass");
    expect(await running.ended).toMatchObject({ code: 0 });
    const free = await place.dbops(["backups", "production"]);
    expect(free.stdout).not.toMatch(/held|hold/);
  });
});

describe("the plan of a restore, once it was applied", () => {
  it("is not begun again, not even as a dry run", async () => {
    const place = await world.fresh();
    mustSucceed(await place.dbops(["plan", "production", "restore", "--at", "latest", "--out", "r.yaml"]));
    mustSucceed(await place.dbops(APPLY));
    expect(await place.dbops([...APPLY, "--dry-run"])).toMatchObject({ code: 4 });
  });
});
