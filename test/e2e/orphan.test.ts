import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { backupsIn, foldersIn, stateOf } from "../support/store-files.ts";
import type { Workplace } from "../support/workplace.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("a database that was renamed in the file", () => {
  it("leaves its old backups orphaned: shown everywhere, deleted by no plan of its own", async () => {
    const workplace = await renamed({
      retention: "{ daily: 1, atLeast: 1 }",
      automatic: "[backup, copy, prune]",
    });
    const before = await oldState(workplace);
    const planned = await workplace.dbops(["plan", "production"]);
    expect(planned).toMatchObject({ code: 0 });
    expect(planned.stdout).toContain("backups of a database that is in no file");
    expect(planned.stdout).toContain("dbops plan production prune --orphan app");
    expect(planned.stdout).toContain("0 to destroy");
    const backups = await workplace.dbops(["backups", "production"]);
    expect(backups.stdout).toContain(`production_app_${world.first}`);
    expect(backups.stdout).toContain("orphaned");
    expect(await workplace.dbops(["run", "production"])).toMatchObject({ code: 0 });
    await workplace.dbops(["plan", "production", "prune", "--allow-large-prune", "--out", "p.yaml"]);
    await workplace.dbops(["apply", "p.yaml", "--yes"]);
    expect(await oldState(workplace)).toEqual(before);
    expect(await backupsIn(workplace, "dr", "renamed")).toHaveLength(1);
  });

  it("is cleaned away only when it is asked for by name, and reviewed as every deletion", async () => {
    const workplace = await renamed({});
    const args = ["plan", "production", "prune", "--orphan", "app", "--out", "p.yaml"];
    const large = await workplace.dbops(args);
    expect(large).toMatchObject({ code: 1 });
    expect(large.stderr).toContain("--allow-large-prune");
    expect(await workplace.dbops([...args, "--allow-large-prune"])).toMatchObject({ code: 0 });
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 6 });
    expect(await workplace.dbops(["apply", "p.yaml", "--yes"])).toMatchObject({ code: 0 });
    for (const store of ["primary", "dr"]) expect(await foldersIn(workplace, store)).toEqual([]);
    const planned = await workplace.dbops(["plan", "production"]);
    expect(planned.stdout).not.toContain("--orphan");
  });

  it("that is in the file is no orphan, and one that never was there is unknown", async () => {
    const workplace = await world.fresh();
    const before = await oldState(workplace);
    const declared = await workplace.dbops([
      "plan",
      "production",
      "prune",
      "--orphan",
      "app",
      "--allow-large-prune",
    ]);
    expect(declared).toMatchObject({ code: 3 });
    const unknown = await workplace.dbops(["plan", "production", "prune", "--orphan", "nothing"]);
    expect(unknown).toMatchObject({ code: 1 });
    expect(await oldState(workplace)).toEqual(before);
  });

  it("is refused when it came back into the file between plan and apply", async () => {
    const workplace = await renamed({});
    await workplace.dbops([
      "plan",
      "production",
      "prune",
      "--orphan",
      "app",
      "--allow-large-prune",
      "--out",
      "p.yaml",
    ]);
    const before = await oldState(workplace);
    await edit(workplace, (text) => text.replace("  renamed:", "  app:"));
    const refused = await workplace.dbops(["apply", "p.yaml", "--yes"]);
    expect(refused.code).not.toBe(0);
    expect(refused.code).not.toBe(70);
    expect(await oldState(workplace)).toEqual(before);
  });
});

/** The environment after its database `app`, with two backups in each store, got another key. */
async function renamed(declared: Parameters<World["fresh"]>[0]): Promise<Workplace> {
  const workplace = await world.fresh(declared);
  for (const store of ["primary", "dr"])
    await ageBackup(workplace, store, { from: world.first, stamp: "20260101_010000" });
  await edit(workplace, (text) => text.replace("  app:", "  renamed:"));
  return workplace;
}

async function edit(workplace: Workplace, change: (text: string) => string): Promise<void> {
  const file = join(workplace.folder, "environments", "production.yaml");
  await writeFile(file, change(await readFile(file, "utf8")));
}

async function oldState(workplace: Workplace): Promise<readonly string[]> {
  const stores = await Promise.all(["primary", "dr"].map((store) => stateOf(workplace, store)));
  return stores.flat().filter((line) => line.startsWith("app/"));
}
