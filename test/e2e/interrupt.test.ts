import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { startDbops } from "../support/dbops.ts";
import { descendantsOf, isAlive } from "../support/processes.ts";
import { dumpOf, stallMidUpload } from "../support/stalled-apply.ts";
import { stallMidDeletion } from "../support/stalled-deletion.ts";
import { backupsIn, eventsOf, filesOf, foldersIn, until } from "../support/store-files.ts";
import type { Workplace } from "../support/workplace.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe.each(["SIGINT", "SIGTERM"] as const)("%s in the middle of a dump", (signal) => {
  it("ends it with exit 130, no object, no child and a free lock; apply again finishes", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    const before = await foldersIn(workplace, "primary");
    await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    const { running, lock } = await stallMidUpload(world, workplace, { plan: "p.yaml" });
    const children = descendantsOf(running.child.pid ?? 0);
    expect(children).not.toEqual([]);
    running.child.kill(signal);
    const ended = await running.ended; // the lock on the large object is still held: nothing waits for the dump
    expect(ended).toMatchObject({ code: 130 });
    expect(ended.stdout).toContain("Interrupted:");
    expect(ended.stdout).toMatch(/^ {2}dbops apply [0-9a-f]{64}$/m);
    const told = [...ended.stderr.matchAll(/^(?:error|warning): (.*)$/gm)].map((found) => found[1]);
    expect(new Set(told)).toEqual(new Set(["the run was interrupted"]));
    expect(children.filter(({ pid }) => isAlive(pid))).toEqual([]);
    expect(await foldersIn(workplace, "primary")).toEqual(before);
    expect((await filesOf(workplace, "primary")).filter((file) => file.endsWith(".part"))).toEqual([]);
    const events = (await eventsOf(workplace, "app.backup")).map((one) => one.event);
    expect(events.at(-1)).toBe("interrupted");
    const locks = await workplace.dbops(["lock", "show", "production", "--json"]);
    expect(locks.stdout).not.toContain('"held"');

    await lock.release();
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "primary")).toHaveLength(before.length + 1);
    expect(await foldersIn(workplace, "primary")).toEqual(await backupsIn(workplace, "primary"));
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });
});

describe("SIGINT in the middle of deletions", () => {
  it("finishes the one that was begun, leaves the others, and the plan goes on where it stopped", async () => {
    const older = ["20260101_010000", "20260102_010000", "20260103_010000", "20260104_010000"];
    const schedules = '{ yearly: { cron: "0 0 1 1 *" } }';
    const workplace = await world.fresh({
      stores: ["primary"],
      retention: "{ daily: 3, atLeast: 1 }",
      schedules,
    });
    for (const stamp of older) await ageBackup(workplace, "primary", { from: world.first, stamp, proofs: 1 });
    await workplace.dbops(["plan", "production", "--out", "p.yaml"]);
    const { running, goOn } = await stallMidDeletion(workplace, "p.yaml", older);
    running.child.kill("SIGINT");
    await goOn();
    expect(await running.ended).toMatchObject({ code: 130 });
    const left = await backupsIn(workplace, "primary");
    expect(left).toHaveLength(older.length);
    expect(await foldersIn(workplace, "primary")).toEqual(left);
    expect((await eventsOf(workplace, "app")).map((one) => one.event).at(-1)).toBe("interrupted");
    const locks = await workplace.dbops(["lock", "show", "production", "--json"]);
    expect(locks.stdout).not.toContain('"held"');
    expect(await workplace.dbops(["apply", "p.yaml", "--yes"])).toMatchObject({ code: 0 });
    expect(await foldersIn(workplace, "primary")).toEqual([...older.slice(2), world.first]);
  });
});

describe("SIGHUP, as a logout sends it", () => {
  it("does not end what runs under nohup", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    const underNohup: Workplace = {
      ...workplace,
      start: (args, env = {}) => startDbops(args, { cwd: workplace.folder, env, under: ["nohup"] }),
    };
    const { running, lock } = await stallMidUpload(world, underNohup, { plan: "p.yaml" });
    for (let logout = 0; logout < 3; logout += 1) running.child.kill("SIGHUP");
    await lock.release();
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "primary")).toHaveLength(2);
  });
});

describe("an impatient person", () => {
  it("ends dbops at once with a second SIGINT, and pg_dump with it", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    const { running, lock } = await stallMidUpload(world, workplace, { plan: "p.yaml" });
    const dump = await dumpOf(running);
    process.kill(dump.pid, "SIGSTOP"); // it does not answer to SIGTERM now, so a single SIGINT would wait for it
    running.child.kill("SIGINT");
    await until(async () => {
      running.child.kill("SIGINT");
      return running.child.exitCode !== null;
    });
    const ended = await running.ended;
    expect(ended).toMatchObject({ code: 130 });
    expect(ended.stdout).not.toContain("Interrupted:"); // it did not wait for the safe point
    await until(async () => !isAlive(dump.pid));
    await lock.release();
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
    expect(await foldersIn(workplace, "primary")).toEqual(await backupsIn(workplace, "primary"));
  });
});
