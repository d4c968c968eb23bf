import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { ENVIRONMENT_FILE, edit, forgePlan, readPlan } from "../support/plan-text.ts";
import { stallMidUpload } from "../support/stalled-apply.ts";
import { backupsIn, stateOf, storeFolder } from "../support/store-files.ts";
import type { Workplace } from "../support/workplace.ts";

const OLDER = ["20260101_010000", "20260102_010000", "20260103_010000"];

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("a plan is refused, and nothing of it is done, when", () => {
  it("it was edited", async () => {
    const workplace = await planned();
    await edit(workplace, "p.yaml", (text) => text.replaceAll(OLDER[0] ?? "", world.first));
    await refused(workplace, { code: 4, saying: "the plan was edited" });
  });

  it("another one lies under its digest in the store", async () => {
    const workplace = await planned();
    await workplace.dbops(["plan", "production", "backup", "--store", "primary", "--out", "b.yaml"]);
    const { plan: digest } = await readPlan(workplace, "b.yaml");
    expect(await workplace.dbops(["apply", "b.yaml"])).toMatchObject({ code: 0 });
    await cp(
      join(workplace.folder, "p.yaml"),
      join(storeFolder(workplace, "primary"), "_dbops", "plans", `${digest}.yaml`),
    );
    await refused(workplace, { code: 4, saying: "the plan was edited", plan: digest.slice(0, 20) });
  });

  it("it has expired", async () => {
    const workplace = await planned();
    await forgePlan(workplace, "p.yaml", (plan) => ({
      ...plan,
      createdAt: "2026-01-01T00:00:00.000Z",
      expiresAt: "2026-01-02T00:00:00.000Z",
    }));
    await refused(workplace, { code: 4, saying: "the plan has expired" });
  });

  it("the environment file was edited in a part that the plan was made from", async () => {
    const workplace = await planned();
    await edit(workplace, ENVIRONMENT_FILE, (text) => text.replace("daily: 2", "daily: 3"));
    await refused(workplace, { code: 4, saying: "environments/production.yaml was edited" });
  });

  it("the store was swapped for another one of the same environment", async () => {
    const workplace = await planned();
    const mark = join("stores", "dr", "_dbops", "store.json");
    await edit(workplace, mark, (text) => text.replace(/"storeId": "[^"]*"/, '"storeId": "another"'));
    await refused(workplace, { code: 4, saying: "a target is not the one the plan was made for" });
  });

  it.each([
    ["has gone", async (folder: string) => rm(folder, { recursive: true })],
    ["has lost its manifest", async (folder: string) => rm(join(folder, "manifest.json"))],
  ])("a backup that has to survive %s", async (_, lose) => {
    const workplace = await planned();
    for (const store of ["primary", "dr"])
      await lose(join(storeFolder(workplace, store), "app", world.first));
    await refused(workplace, { code: 4, saying: "the plan relies on" });
  });

  it("a backup that has to survive is not what its manifest says", async () => {
    const workplace = await planned();
    for (const store of ["primary", "dr"]) {
      const folder = join(storeFolder(workplace, store), "app", world.first);
      await writeFile(join(folder, `production_app_${world.first}.dump.zst.age`), "cut short");
    }
    await refused(workplace, { code: 1, saying: "a deletion is not safe" });
  });

  it("a hold was placed on a backup that it deletes", async () => {
    const workplace = await planned();
    for (const store of ["primary", "dr"])
      for (const stamp of OLDER.slice(0, 2)) {
        const folder = join(storeFolder(workplace, store), "app", stamp, "hold");
        await mkdir(folder);
        await writeFile(join(folder, "incident-42.json"), "{}\n");
      }
    await refused(workplace, { code: 1, saying: "it is held (incident-42)" });
  });

  it("a backup that it deletes is another one by now", async () => {
    const workplace = await planned();
    for (const store of ["primary", "dr"])
      for (const stamp of OLDER.slice(0, 2))
        await edit(workplace, join("stores", store, "app", stamp, "manifest.json"), (text) => `${text} `);
    await refused(workplace, { code: 4, saying: "the plan expects" });
  });
});

describe("a plan is not refused when", () => {
  it("something was edited that it has nothing to do with", async () => {
    const workplace = await planned();
    await edit(workplace, ENVIRONMENT_FILE, (text) =>
      text
        .replace("version: 1", "# reviewed by the team\nversion: 1")
        .concat(text.slice(text.indexOf("  app:")).replace("  app:", "  other:"))
        .replace("automatic: [backup, copy]", "automatic: [backup]"),
    );
    expect(await workplace.dbops(["apply", "p.yaml", "--yes"])).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "dr")).toEqual([OLDER[2], world.first]);
  });

  it("the checkout lies in another folder", async () => {
    const workplace = await planned();
    const moved = `${workplace.folder}-moved`;
    await rename(workplace.folder, moved);
    await mkdir(workplace.folder);
    try {
      const args = ["--config", join(moved, "environments"), "apply", join(moved, "p.yaml"), "--yes"];
      expect(await workplace.dbops(args)).toMatchObject({ code: 0 });
    } finally {
      await rm(workplace.folder, { recursive: true });
      await rename(moved, workplace.folder);
    }
    expect(await backupsIn(workplace, "dr")).toEqual([OLDER[2], world.first]);
  });
});

describe("a plan that was begun", () => {
  it("is refused when what it works on is not in the file any more", async () => {
    const workplace = await world.fresh();
    await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    const { running, lock } = await stallMidUpload(world, workplace, { plan: "p.yaml" });
    running.child.kill("SIGKILL");
    await running.ended;
    await lock.release();
    const file = await readFile(join(workplace.folder, ENVIRONMENT_FILE), "utf8");
    const changes: readonly ((text: string) => string)[] = [
      (text) => text.replace("stores: [primary, dr]", "stores: [primary]").replace(/^ {2}dr: .*\n/m, ""),
      (text) => text.replace("  app:", "  renamed:"),
    ];
    for (const change of changes) {
      await edit(workplace, ENVIRONMENT_FILE, change);
      const ran = await workplace.dbops(["apply", "p.yaml"]);
      expect(ran).toMatchObject({ code: 4 });
      expect(ran.stderr).toContain("the world is not as the plan expects");
      await writeFile(join(workplace.folder, ENVIRONMENT_FILE), file);
    }
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
  });
});

describe("a plan of a backup", () => {
  it("is refused when the database was dropped and made again", async () => {
    await world.cluster.createDatabase("victim");
    const workplace = await world.fresh({ database: "victim", stores: ["primary"] });
    const before = await stateOf(workplace, "primary");
    await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    await world.cluster.psql("postgres", "DROP DATABASE victim");
    await world.cluster.createDatabase("victim");
    const ran = await workplace.dbops(["apply", "p.yaml"]);
    expect(ran).toMatchObject({ code: 4 });
    expect(ran.stderr).toContain("a target is not the one the plan was made for");
    expect((await stateOf(workplace, "primary")).filter(isBackup)).toEqual(before.filter(isBackup));
  });
});

/** A workplace with a plan p.yaml that deletes the two oldest of four backups in both stores. */
async function planned(): Promise<Workplace> {
  const schedules = '{ yearly: { cron: "0 0 1 1 *" } }';
  const workplace = await world.fresh({ retention: "{ daily: 2, atLeast: 1 }", schedules });
  for (const store of ["primary", "dr"])
    for (const stamp of OLDER) await ageBackup(workplace, store, { from: world.first, stamp });
  const ran = await workplace.dbops(["plan", "production", "--out", "p.yaml"]);
  expect(ran.stdout).toContain("Plan: 0 to add, 0 to change, 4 to destroy.");
  return workplace;
}

async function refused(
  workplace: Workplace,
  as: { code: number; saying: string; plan?: string },
): Promise<void> {
  const before = await objects(workplace);
  const ran = await workplace.dbops(["apply", as.plan ?? "p.yaml", "--yes"]);
  expect(ran).toMatchObject({ code: as.code });
  expect(ran.stderr).toContain(as.saying);
  expect(await objects(workplace)).toEqual(before);
}

async function objects(workplace: Workplace): Promise<readonly string[]> {
  const stores = await Promise.all(["primary", "dr"].map((store) => stateOf(workplace, store)));
  return stores.flat().filter(isBackup);
}

function isBackup(line: string): boolean {
  return line.startsWith("app/");
}
