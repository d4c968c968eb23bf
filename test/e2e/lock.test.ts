import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { stallMidUpload } from "../support/stalled-apply.ts";
import { stallMidDeletion } from "../support/stalled-deletion.ts";
import { backupsIn, eventsOf, foldersIn } from "../support/store-files.ts";

const OLDER = ["20260101_010000", "20260102_010000", "20260103_010000", "20260104_010000"];

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("the lock of a run that was stopped in the middle of its deletions", () => {
  it("is broken by name only, and the run, woken, deletes nothing more than it had begun", async () => {
    const schedules = '{ yearly: { cron: "0 0 1 1 *" } }';
    const workplace = await world.fresh({
      stores: ["primary"],
      retention: "{ daily: 2, atLeast: 1 }",
      schedules,
    });
    for (const stamp of OLDER) await ageBackup(workplace, "primary", { from: world.first, stamp, proofs: 1 });
    await workplace.dbops(["plan", "production", "--allow-large-prune", "--out", "p.yaml"]);
    const { running, goOn } = await stallMidDeletion(workplace, "p.yaml", OLDER);
    running.child.kill("SIGSTOP");

    const shown = await workplace.dbops(["lock", "show", "production"]);
    expect(shown.stdout).toContain(`process ${running.child.pid}`);
    const refused = await workplace.dbops(["apply", "p.yaml", "--yes"]);
    expect(refused).toMatchObject({ code: 5 });
    for (const flags of [[], ["--confirm", "staging"]]) {
      const asked = await workplace.dbops(["lock", "break", "production", "app", ...flags]);
      expect(asked).toMatchObject({ code: 6 });
      expect(asked.stderr).toContain("dbops lock break production app --confirm production");
    }
    const broken = ["lock", "break", "production", "app", "--confirm", "production"];
    expect(await workplace.dbops(broken)).toMatchObject({ code: 0 });
    const entries = (await eventsOf(workplace, "app")).length;

    await goOn();
    running.child.kill("SIGCONT");
    const ended = await running.ended;
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toMatch(/the lock was lost|another run wrote to the journal/);
    expect(await eventsOf(workplace, "app")).toHaveLength(entries);
    expect((await backupsIn(workplace, "primary")).length).toBe(OLDER.length);

    expect(await workplace.dbops(["apply", "p.yaml", "--yes"])).toMatchObject({ code: 0 });
    expect(await foldersIn(workplace, "primary")).toEqual([OLDER[3], world.first]);
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
    const audited = await workplace.dbops(["audit", "show", "production", "--scope", "app"]);
    expect(audited.stdout).toContain("broken by");
  });
});

describe("the lease of a backup", () => {
  it("that somebody broke stops no stream: the backup is finished", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    const { running, lock, stamp } = await stallMidUpload(world, workplace, { plan: "p.yaml" });
    const broken = ["lock", "break", "production", "app.backup", "--confirm", "production"];
    expect(await workplace.dbops(broken)).toMatchObject({ code: 0 });
    await lock.release();
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "primary")).toContain(stamp);
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });

  it("that nobody holds is broken without asking, and an unknown one is no lock", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    expect(await workplace.dbops(["lock", "break", "production", "app.backup"])).toMatchObject({ code: 0 });
    expect(await workplace.dbops(["lock", "break", "production", "nothing"])).toMatchObject({ code: 3 });
  });
});
