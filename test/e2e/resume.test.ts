import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { stallDumps } from "../support/held-lock.ts";
import { descendantsOf, isAlive } from "../support/processes.ts";
import { stallMidUpload } from "../support/stalled-apply.ts";
import { backupsIn, eventsOf, filesOf, foldersIn, storeFolder, until } from "../support/store-files.ts";
import type { Workplace } from "../support/workplace.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("an apply that is killed in the middle of the upload", () => {
  it("is resumed from the file: one whole backup, nothing left of the first attempt", async () => {
    const workplace = await world.fresh();
    const before = await backupsIn(workplace, "primary");
    await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    const killed = await killMidUpload(workplace, "p.yaml");
    expect(await foldersIn(workplace, "primary")).toEqual([...before, killed.stamp]);
    expect(await backupsIn(workplace, "primary")).toEqual(before);
    await until(async () => killed.children.every(({ pid }) => !isAlive(pid)));

    const resumed = await workplace.dbops(["apply", "p.yaml"]);
    expect(resumed).toMatchObject({ code: 0 });
    expect(resumed.stdout).toContain("Applied, resumed:");
    const after = await backupsIn(workplace, "primary");
    expect(after).toHaveLength(before.length + 1);
    expect(after).not.toContain(killed.stamp);
    expect(await foldersIn(workplace, "primary")).toEqual(after);
    expect(await backupsIn(workplace, "dr")).toEqual(after);
    expect((await filesOf(workplace, "primary")).filter((file) => file.endsWith(".part"))).toEqual([]);
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 4 });
  });

  it("is resumed by the first digits of the plan's digest, without the file", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    const before = await backupsIn(workplace, "primary");
    await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    const digest = await digestOfFile(workplace, "p.yaml");
    await killMidUpload(workplace, "p.yaml");
    expect(await workplace.dbops(["apply", digest.slice(0, 12)])).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "primary")).toHaveLength(before.length + 1);
    expect(await workplace.dbops(["apply", digest.slice(0, 12)])).toMatchObject({ code: 4 });
  });
});

describe("an apply that is killed when its archive is sealed and stored, but its manifest is not written", () => {
  it("is finished without another dump, also where the database cannot be dumped any more", async () => {
    const { workplace, stamp } = await killBeforeManifest();
    const lock = await stallDumps(world.cluster, "app"); // a second dump would never end
    try {
      expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
    } finally {
      await lock.release();
    }
    expect(await backupsIn(workplace, "primary")).toContain(stamp);
    expect(await foldersIn(workplace, "primary")).toEqual(await backupsIn(workplace, "primary"));
    const bound = (await eventsOf(workplace, "app.backup")).filter(
      (one) => one.event === "noted" && one.facts["bound"] !== undefined,
    );
    expect(bound.filter((one) => JSON.stringify(one).includes(stamp))).toHaveLength(1);
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });
});

async function killMidUpload(workplace: Workplace, plan: string) {
  const { running, lock, stamp } = await stallMidUpload(world, workplace, { plan });
  const children = descendantsOf(running.child.pid ?? 0);
  expect(children.some(({ argv }) => argv.some((one) => one.endsWith("pg_dump")))).toBe(true);
  running.child.kill("SIGKILL");
  expect(await running.ended).toMatchObject({ signal: "SIGKILL" });
  await lock.release();
  return { stamp, children };
}

/**
 * The state lasts for some milliseconds: all three objects stand, the manifest does not. Where the kill came too early or
 * too late, another backup is killed.
 */
async function killBeforeManifest(): Promise<{ workplace: Workplace; stamp: string }> {
  for (let tries = 0; tries < 20; tries += 1) {
    const workplace = await world.fresh({ stores: ["primary"] });
    await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    const { running, lock, stamp } = await stallMidUpload(world, workplace, { plan: "p.yaml" });
    const folder = join(storeFolder(workplace, "primary"), "app", stamp);
    const objects = ["dump.zst.age", "globals.sql.zst.age", "detail.json.age"].map((ending) =>
      join(folder, `production_app_${stamp}.${ending}`),
    );
    const areStored = (): boolean => objects.every((object) => existsSync(object));
    lock.releaseSoon();
    while (!areStored() && running.child.exitCode === null) await new Promise(setImmediate);
    running.child.kill("SIGKILL");
    await running.ended;
    await lock.release();
    if (areStored() && !existsSync(join(folder, "manifest.json"))) return { workplace, stamp };
  }
  throw new Error("every kill came before or after that state");
}

async function digestOfFile(workplace: Workplace, file: string): Promise<string> {
  const plan = parse(await readFile(join(workplace.folder, file), "utf8")) as { plan: string };
  return plan.plan;
}
