import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { stallDumps } from "../support/held-lock.ts";
import { dumpOf } from "../support/stalled-apply.ts";
import { backupsIn, foldersIn, storeFolder } from "../support/store-files.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("two applies at once", () => {
  it.each([
    ["of two plans", "b.yaml"],
    ["of the same plan", "a.yaml"],
  ])("%s: the second is refused with the holder's name, the first goes on", async (_, second) => {
    const workplace = await world.fresh({ stores: ["primary"] });
    const before = await backupsIn(workplace, "primary");
    await workplace.dbops(["plan", "production", "backup", "--out", "a.yaml"]);
    await workplace.dbops(["plan", "production", "backup", "--label", "other", "--out", "b.yaml"]);
    const lock = await stallDumps(world.cluster, "app");
    const first = workplace.start(["apply", "a.yaml"]);
    await dumpOf(first);
    const refused = await workplace.dbops(["apply", second]);
    expect(refused).toMatchObject({ code: 5 });
    expect(refused.stderr).toContain(`process ${first.child.pid}`);
    const shown = await workplace.dbops(["lock", "show", "production"]);
    expect(shown.stdout).toContain(`process ${first.child.pid}`);
    await lock.release();
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "primary")).toHaveLength(before.length + 1);
    expect(await foldersIn(workplace, "primary")).toEqual(await backupsIn(workplace, "primary"));
    expect(await workplace.dbops(["apply", "a.yaml"])).toMatchObject({ code: 4 });
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });

  it("of the same plan, started together: one backup is made, and the other is refused or finds it applied", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    const before = await backupsIn(workplace, "primary");
    await workplace.dbops(["plan", "production", "backup", "--out", "a.yaml"]);
    const runs = await Promise.all([1, 2, 3].map(() => workplace.dbops(["apply", "a.yaml"])));
    const codes = runs.map(({ code }) => code);
    expect(codes.filter((code) => code === 0).length).toBeGreaterThan(0);
    expect(codes.every((code) => code !== null && [0, 4, 5].includes(code))).toBe(true);
    expect(await backupsIn(workplace, "primary")).toHaveLength(before.length + 1);
    expect(await foldersIn(workplace, "primary")).toEqual(await backupsIn(workplace, "primary"));
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });
});

describe("two runs at once", () => {
  it("make one backup for the slot, whoever is faster", async () => {
    const workplace = await world.fresh({ stores: ["primary"], database: "app" });
    await rm(join(storeFolder(workplace, "primary"), "app"), { recursive: true });
    const runs = await Promise.all([1, 2].map(() => workplace.dbops(["run", "production"])));
    expect(runs.map(({ code }) => code).sort()).toEqual(expect.arrayContaining([0]));
    expect(runs.every(({ code }) => code === 0 || code === 5)).toBe(true);
    expect(await backupsIn(workplace, "primary")).toHaveLength(1);
    expect(await foldersIn(workplace, "primary")).toHaveLength(1);
    expect(await workplace.dbops(["run", "production"])).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "primary")).toHaveLength(1);
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });

  it("make none where another host covered the slot after this one had planned", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    await rm(join(storeFolder(workplace, "primary"), "app"), { recursive: true });
    for (const file of ["a.yaml", "b.yaml"]) await workplace.dbops(["plan", "production", "--out", file]);
    expect(await workplace.dbops(["apply", "a.yaml"])).toMatchObject({ code: 0 });
    expect(await workplace.dbops(["apply", "b.yaml"])).toMatchObject({ code: 0 });
    expect(await foldersIn(workplace, "primary")).toHaveLength(1);
  });

  it("do not wait for each other: the second says who is at work", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    await rm(join(storeFolder(workplace, "primary"), "app"), { recursive: true });
    const lock = await stallDumps(world.cluster, "app");
    const first = workplace.start(["run", "production"]);
    await dumpOf(first);
    const second = await workplace.dbops(["run", "production"]);
    expect(second).toMatchObject({ code: 5 });
    expect(second.stderr).toContain(`process ${first.child.pid}`);
    await lock.release();
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "primary")).toHaveLength(1);
  });
});
