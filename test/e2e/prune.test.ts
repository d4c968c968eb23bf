import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { stallMidDeletion } from "../support/stalled-deletion.ts";
import { backupsIn, foldersIn, stateOf } from "../support/store-files.ts";
import { environmentYaml, type Workplace } from "../support/workplace.ts";

const OLDER = ["20260101_010000", "20260102_010000", "20260103_010000", "20260104_010000"];
/** Nothing is due, whatever the time of day. */
const COVERED = '{ yearly: { cron: "0 0 1 1 *" } }';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("a shorter retention", () => {
  it("deletes exactly the backups that its plan names, in both stores, and nothing after", async () => {
    const workplace = await withOlder({ retention: "{ daily: 5 }" });
    const unchanged = await workplace.dbops(["plan", "production"]);
    expect(unchanged.stdout).toContain("No changes. production matches environments/production.yaml.");

    await declare(workplace, { retention: "{ daily: 3 }" });
    const planned = await workplace.dbops(["plan", "production", "--out", "p.yaml"]);
    expect(planned).toMatchObject({ code: 0 });
    expect(planned.stdout).toContain("Plan: 0 to add, 0 to change, 4 to destroy.");
    for (const stamp of OLDER.slice(0, 2)) expect(planned.stdout).toContain(`production_app_${stamp}`);
    for (const stamp of OLDER.slice(2)) expect(planned.stdout).not.toContain(`production_app_${stamp}`);

    expect(await workplace.dbops(["apply", "p.yaml", "--yes"])).toMatchObject({ code: 0 });
    for (const store of ["primary", "dr"]) {
      expect(await backupsIn(workplace, store)).toEqual([...OLDER.slice(2), world.first]);
      expect(await foldersIn(workplace, store)).toEqual(await backupsIn(workplace, store));
    }
    const again = await workplace.dbops(["plan", "production"]);
    expect(again.stdout).toContain("No changes. production matches environments/production.yaml.");
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });

  it("deletes nothing unasked: without a terminal it takes --yes, and names it", async () => {
    const workplace = await withOlder({ retention: "{ daily: 3 }" });
    await workplace.dbops(["plan", "production", "--out", "p.yaml"]);
    const before = await bothStores(workplace);
    const refused = await workplace.dbops(["apply", "p.yaml"]);
    expect(refused).toMatchObject({ code: 6 });
    expect(refused.stderr).toContain("--yes");
    expect(await bothStores(workplace)).toEqual(before);
  });

  it("takes the environment's own name where that is protected", async () => {
    const workplace = await withOlder({ retention: "{ daily: 3 }", protected: true });
    await workplace.dbops(["plan", "production", "--out", "p.yaml"]);
    const before = await bothStores(workplace);
    for (const flags of [[], ["--yes"], ["--confirm", "staging"], ["--yes", "--confirm", "staging"]]) {
      const refused = await workplace.dbops(["apply", "p.yaml", ...flags]);
      expect(refused).toMatchObject({ code: 6 });
      expect(refused.stderr).toContain("--confirm production");
    }
    expect(await bothStores(workplace)).toEqual(before);
    expect(await workplace.dbops(["apply", "p.yaml", "--confirm", "production"])).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "dr")).toEqual([...OLDER.slice(2), world.first]);
  });

  it("of more than half of the backups is held back until it is allowed", async () => {
    const workplace = await withOlder({ retention: "{ daily: 1, atLeast: 1 }" });
    const refused = await workplace.dbops(["plan", "production", "--out", "p.yaml"]);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain("--allow-large-prune");
    expect(refused.stdout).not.toContain("No changes");
    await workplace.dbops(["plan", "production", "--allow-large-prune", "--out", "p.yaml"]);
    expect(await workplace.dbops(["apply", "p.yaml", "--yes"])).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "primary")).toEqual([world.first]);
  });
});

describe("a prune that is killed half-way", () => {
  it("leaves no backup that looks whole and is not, and goes on to exactly the planned ones", async () => {
    const workplace = await withOlder({ retention: "{ daily: 3 }", stores: ["primary"] }, 1);
    await workplace.dbops(["plan", "production", "--out", "p.yaml"]);
    const intact = (await stateOf(workplace, "primary")).filter(isKept);
    const { running } = await stallMidDeletion(workplace, "p.yaml", OLDER);
    running.child.kill("SIGKILL");
    expect(await running.ended).toMatchObject({ signal: "SIGKILL" });
    const whole = await backupsIn(workplace, "primary");
    expect(await foldersIn(workplace, "primary")).toHaveLength(whole.length + 1);

    const backups = await workplace.dbops(["backups", "production"]);
    expect(backups).toMatchObject({ code: 0 });
    expect(backups.stdout).toContain("1 incomplete");
    expect(await workplace.dbops(["apply", "p.yaml", "--yes"])).toMatchObject({ code: 0 });
    expect(await foldersIn(workplace, "primary")).toEqual([...OLDER.slice(2), world.first]);
    expect((await stateOf(workplace, "primary")).filter(isKept)).toEqual(intact);
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
    expect(await workplace.dbops(["apply", "p.yaml", "--yes"])).toMatchObject({ code: 4 });
  });
});

function isKept(line: string): boolean {
  return [...OLDER.slice(2), world.first].some((stamp) => line.startsWith(`app/${stamp}/`));
}

type Declared = Parameters<typeof environmentYaml>[2];

/** Four older backups, and the real one, in each store of the declaration. */
async function withOlder(declared: Declared, proofs = 0): Promise<Workplace> {
  const workplace = await world.fresh({ schedules: COVERED, ...declared });
  for (const store of declared?.stores ?? ["primary", "dr"])
    for (const stamp of OLDER) await ageBackup(workplace, store, { from: world.first, stamp, proofs });
  return workplace;
}

function declare(workplace: Workplace, declared: Declared): Promise<void> {
  const both = { schedules: COVERED, stores: ["primary", "dr"] } as const;
  return workplace.declare("production", environmentYaml(workplace, world.cluster, { ...both, ...declared }));
}

async function bothStores(workplace: Workplace): Promise<readonly string[]> {
  const backups = await Promise.all(["primary", "dr"].map((store) => stateOf(workplace, store)));
  return backups.flat().filter((line) => line.startsWith("app/"));
}
