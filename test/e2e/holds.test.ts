import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { backupsIn, filesOf, foldersIn } from "../support/store-files.ts";
import type { Workplace } from "../support/workplace.ts";

const COVERED = '{ yearly: { cron: "0 0 1 1 *" } }';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("a held backup", () => {
  it("is placed with the backup, in every store that gets it", async () => {
    const workplace = await world.fresh();
    await workplace.dbops([
      "plan",
      "production",
      "backup",
      "app",
      "--hold",
      "--label",
      "Before 2.0",
      "--out",
      "p.yaml",
    ]);
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
    const [stamp] = (await backupsIn(workplace, "primary")).filter((one) => one !== world.first);
    for (const store of ["primary", "dr"])
      expect(await filesOf(workplace, store)).toContain(`app/${stamp}/hold/before-2-0.json`);
    const backups = await workplace.dbops(["backups", "production"]);
    expect(backups.stdout).toContain("held: before-2-0");
  });

  it("outlives a retention that would delete it; released, it goes after keepOthers", async () => {
    const workplace = await world.fresh({
      schedules: COVERED,
      retention: "{ daily: 9, keepOthers: 30d, atLeast: 1 }",
    });
    const held = await heldForced(workplace, "20260101_010000");
    await ageBackup(workplace, "primary", { from: world.first, stamp: "20260102_010000" });
    await ageBackup(workplace, "dr", { from: world.first, stamp: "20260102_010000" });
    const kept = await workplace.dbops(["plan", "production", "prune"]);
    expect(kept).toMatchObject({ code: 0 });
    expect(kept.stdout).toContain("No changes");

    const released = await workplace.dbops(["plan", "production", "release", held, "--out", "r.yaml"]);
    expect(released).toMatchObject({ code: 0 });
    expect(released.stdout).toContain("Plan: 0 to add, 2 to change, 0 to destroy.");
    expect(await workplace.dbops(["apply", "r.yaml"])).toMatchObject({ code: 0 });
    const gone = await workplace.dbops(["plan", "production", "--out", "p.yaml"]);
    expect(gone.stdout).toContain("Plan: 0 to add, 0 to change, 2 to destroy.");
    expect(await workplace.dbops(["apply", "p.yaml", "--yes"])).toMatchObject({ code: 0 });
    for (const store of ["primary", "dr"])
      expect(await foldersIn(workplace, store)).toEqual(["20260102_010000", world.first]);
  });

  it("of an unknown name cannot be released, and the nearest ones are named", async () => {
    const workplace = await world.fresh();
    const refused = await workplace.dbops([
      "plan",
      "production",
      "release",
      "production_app_20260101_010000",
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`production_app_${world.first}`);
  });
});

/** An old forced backup, held in both stores. */
async function heldForced(workplace: Workplace, stamp: string): Promise<string> {
  const names = [];
  for (const store of ["primary", "dr"]) {
    names.push(await ageBackup(workplace, store, { from: world.first, stamp, origin: "forced" }));
    await hold(workplace, store, stamp);
  }
  return names[0] ?? "";
}

async function hold(workplace: Workplace, store: string, stamp: string): Promise<void> {
  const folder = join(workplace.folder, "stores", store, "app", stamp, "hold");
  await mkdir(folder);
  await writeFile(join(folder, "incident-42.json"), '{ "formatVersion": 1, "id": "incident-42" }\n');
}
