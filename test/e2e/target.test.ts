import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { readPlan } from "../support/plan-text.ts";
import { backupsIn, storeFolder } from "../support/store-files.ts";
import type { Workplace } from "../support/workplace.ts";

const OLDER = ["20260101_010000", "20260102_010000", "20260103_010000"];

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("--target and --except", () => {
  it("cut a plan down to whole pipelines, and what is left is carried out and nothing else", async () => {
    const workplace = await withOlder();
    const target = `app.prune.primary.${OLDER[0]}`;
    await workplace.dbops(["plan", "production", "--target", target, "--out", "p.yaml"]);
    expect((await readPlan(workplace, "p.yaml")).steps.map((step) => step.id)).toEqual([target]);
    expect(await workplace.dbops(["apply", "p.yaml", "--yes"])).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "primary")).toEqual([...OLDER.slice(1), world.first]);
    expect(await backupsIn(workplace, "dr")).toEqual([...OLDER, world.first]);
  });

  it("bring all that a target needs, and take along all that needs an exception", async () => {
    const workplace = await world.fresh();
    const backup = ["plan", "production", "backup"];
    await workplace.dbops([...backup, "--target", "app.verify.dr", "--out", "t.yaml"]);
    const kinds = (await readPlan(workplace, "t.yaml")).steps.map((step) => step.kind);
    expect(kinds).toEqual(expect.arrayContaining(["dump", "encrypt", "upload", "copy", "verify"]));
    await workplace.dbops([...backup, "--except", "app.copy", "--out", "e.yaml"]);
    const left = (await readPlan(workplace, "e.yaml")).steps;
    expect(left.map((step) => step.kind)).toEqual(["dump", "encrypt", "upload", "verify"]);
  });

  it("refuse a name that fits no step, and an exception that a deletion needs", async () => {
    const workplace = await withOlder('{ daily: { cron: "0 1 * * *" } }');
    for (const store of ["primary", "dr"]) // so that a slot is due, and the deletions need its backup
      await rm(join(storeFolder(workplace, store), "app", world.first), { recursive: true });
    const unknown = await workplace.dbops(["plan", "production", "--target", "app.nothing"]);
    expect(unknown).toMatchObject({ code: 3 });
    const needed = await workplace.dbops(["plan", "production", "--except", "app.verify"]);
    expect(needed).toMatchObject({ code: 3 });
    expect(needed.stderr).toContain("takes away what the deletion");
  });
});

describe("--detailed-exitcode", () => {
  it("tells changes from none, and 0 without it", async () => {
    const workplace = await withOlder();
    expect(await workplace.dbops(["plan", "production"])).toMatchObject({ code: 0 });
    const detailed = ["plan", "production", "--detailed-exitcode"];
    expect(await workplace.dbops(detailed)).toMatchObject({ code: 2 });
    const none = await workplace.dbops([...detailed, "--except", "app.prune"]);
    expect(none).toMatchObject({ code: 0 });
  });

  it("does not hide what could not be looked at behind a 2", async () => {
    const workplace = await world.fresh({ database: "nowhere" });
    expect(await workplace.dbops(["plan", "production", "--detailed-exitcode"])).toMatchObject({ code: 1 });
  });
});

async function withOlder(schedules = '{ yearly: { cron: "0 0 1 1 *" } }'): Promise<Workplace> {
  const workplace = await world.fresh({ retention: "{ daily: 2, atLeast: 1 }", schedules });
  for (const store of ["primary", "dr"])
    for (const stamp of OLDER) await ageBackup(workplace, store, { from: world.first, stamp });
  return workplace;
}
