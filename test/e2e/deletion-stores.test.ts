import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { ENVIRONMENT_FILE, edit } from "../support/plan-text.ts";
import { backupsIn, storeFolder } from "../support/store-files.ts";
import type { Workplace } from "../support/workplace.ts";

const OLDER = ["20260101_010000", "20260102_010000", "20260103_010000", "20260104_010000"];
const [OLDEST = ""] = OLDER;
/** No slot falls due during the tests, whatever the time of day. */
const COVERED = '{ yearly: { cron: "0 0 1 1 *" } }';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("a deletion that was planned because another store keeps the backup", () => {
  it("is refused when that store has lost it", async () => {
    const workplace = await planned();
    await rm(join(storeFolder(workplace, "dr"), "app", OLDEST), { recursive: true });
    const applied = await workplace.dbops(["apply", "p.yaml", "--yes"]);
    expect(applied).toMatchObject({ code: 1 });
    expect(applied.stderr).toContain(`production_app_${OLDEST} is not deleted: dr keeps it`);
    expect(await backupsIn(workplace, "primary")).toContain(OLDEST);
  });

  it("is refused when that store has only a part of its bytes", async () => {
    const workplace = await planned();
    const archive = `production_app_${OLDEST}.dump.zst.age`;
    await writeFile(join(storeFolder(workplace, "dr"), "app", OLDEST, archive), "x");
    const applied = await workplace.dbops(["apply", "p.yaml", "--yes"]);
    expect(applied).toMatchObject({ code: 1 });
    expect(applied.stderr).toContain(`dr keeps it, but ${archive} has 1 bytes instead of`);
    expect(await backupsIn(workplace, "primary")).toContain(OLDEST);
  });

  it("is refused when that store is unplugged", async () => {
    const workplace = await planned();
    await rename(storeFolder(workplace, "dr"), `${storeFolder(workplace, "dr")}.away`);
    const before = await backupsIn(workplace, "primary");
    const applied = await workplace.dbops(["apply", "p.yaml", "--yes"]);
    expect(applied).toMatchObject({ code: 1 });
    expect(applied.stderr).toContain("a store cannot be read");
    expect(await backupsIn(workplace, "primary")).toEqual(before);
  });
});

/** Five backups in both stores, of which primary keeps three and dr all; the plan deletes two in primary. */
async function planned(): Promise<Workplace> {
  const workplace = await world.fresh({ schedules: COVERED, retention: "{ daily: 3 }" });
  for (const store of ["primary", "dr"])
    for (const stamp of OLDER) await ageBackup(workplace, store, { from: world.first, stamp });
  await edit(workplace, ENVIRONMENT_FILE, (text) =>
    text.replace("stores: [primary, dr]", "stores: [primary, { dr: { retention: { daily: 30 } } }]"),
  );
  const plan = await workplace.dbops(["plan", "production", "--out", "p.yaml"]);
  expect(plan.stdout).toContain("Plan: 0 to add, 0 to change, 2 to destroy.");
  return workplace;
}
