import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { type Ran, runDbops } from "../support/dbops.ts";
import { stallMidUpload } from "../support/stalled-apply.ts";
import { backupsIn, foldersIn, stateOf, storeFolder } from "../support/store-files.ts";
import type { Workplace } from "../support/workplace.ts";

const OLDER = ["20260101_010000", "20260102_010000"];
const COVERED = '{ yearly: { cron: "0 0 1 1 *" } }';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

/** Ways to lose a store; each leaves the old content beside it. */
const LOSSES: readonly (readonly [string, RegExp, (folder: string) => Promise<void>])[] = [
  ["was renamed", /does not exist/, async (folder) => rename(folder, `${folder}.away`)],
  [
    "is an empty folder, as a disk that is not mounted",
    /no mark of dbops/,
    async (folder) => {
      await rename(folder, `${folder}.away`);
      await mkdir(folder);
    },
  ],
  [
    "belongs to another environment",
    /belongs to another environment/,
    async (folder) => {
      const mark = join(folder, "_dbops", "store.json");
      const text = await readFile(mark, "utf8");
      await writeFile(mark, text.replace("production", "staging"));
    },
  ],
  [
    "is a file",
    /not a folder/,
    async (folder) => {
      await rename(folder, `${folder}.away`);
      await writeFile(folder, "");
    },
  ],
];

describe.each(LOSSES)("when the second store %s", (_, saying, lose) => {
  it("every command says so, deletes nothing in either, and the database is still backed up", async () => {
    const workplace = await aboutToPrune();
    await workplace.dbops(["plan", "production", "--out", "before.yaml"]);
    await lose(storeFolder(workplace, "dr"));
    const before = await backups(workplace);
    for (const args of [["status"], ["backups"], ["check"], ["observe", "production", "--out", "o.json"]]) {
      const ran = await workplace.dbops(args);
      expect(ran, args.join(" ")).toMatchObject({ code: 1 });
      expect(ran.stdout + ran.stderr, args.join(" ")).toMatch(saying);
    }
    expect((await workplace.dbops(["apply", "before.yaml", "--yes"])).code).not.toBe(0);
    expect(await backups(workplace)).toEqual(before);

    const planned = await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    expect(planned).toMatchObject({ code: 1 });
    expect(planned.stderr).toMatch(saying);
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
    const pruning = await workplace.dbops(["plan", "production", "--allow-large-prune"]);
    expect(pruning).toMatchObject({ code: 1 });
    expect(pruning.stdout).not.toContain("No changes");
    expect(pruning.stdout).not.toMatch(/[1-9]\d* to destroy/);
    expect(await workplace.dbops(["run", "production"])).toMatchObject({ code: 1 });
    expect(await backupsIn(workplace, "primary")).toEqual(expect.arrayContaining([...OLDER, world.first]));
  });
});

describe.each(LOSSES)("when the first store %s", (_, saying, lose) => {
  it("nothing is made or deleted anywhere, and nothing is called fine", async () => {
    const workplace = await aboutToPrune();
    await workplace.dbops(["plan", "production", "--out", "before.yaml"]);
    await lose(storeFolder(workplace, "primary"));
    const before = await backups(workplace);
    const commands = [
      ["plan", "production", "--out", "p.yaml"],
      ["plan", "production", "backup"],
      ["plan", "production", "prune", "--allow-large-prune"],
      ["run", "production"],
      ["status"],
      ["backups"],
      ["check"],
    ];
    for (const args of commands) {
      const ran = await workplace.dbops(args);
      expect(ran, args.join(" ")).toMatchObject({ code: 1 });
      expect(ran.stdout + ran.stderr, args.join(" ")).toMatch(saying);
      expect(ran.stdout, args.join(" ")).not.toContain("No changes");
    }
    expect((await workplace.dbops(["apply", "before.yaml", "--yes"])).code).not.toBe(0);
    expect(await backups(workplace)).toEqual(before);
  });
});

describe("a store that goes away in the middle of an upload", () => {
  it("ends the apply, is not made anew, and the apply is resumed when it is back", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    const folder = storeFolder(workplace, "primary");
    await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    const { running, lock } = await stallMidUpload(world, workplace, { plan: "p.yaml" });
    await rename(folder, `${folder}.away`);
    await lock.release();
    const ended = await running.ended;
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toContain("error: a store cannot be read");
    expect(ended.stderr).toContain("does not exist");
    await expect(stat(folder)).rejects.toThrow("ENOENT");

    await rename(`${folder}.away`, folder);
    expect(await backupsIn(workplace, "primary")).toEqual([world.first]);
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
    expect(await backupsIn(workplace, "primary")).toHaveLength(2);
    expect(await foldersIn(workplace, "primary")).toHaveLength(2);
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });
});

describe("an empty folder in the place of the records", () => {
  it("is read neither as free locks nor as an empty journal, and nothing is written to it", async () => {
    const workplace = await aboutToPrune();
    const file = join(workplace.folder, "environments", "production.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace("records: primary", "records: dr"));
    await rename(storeFolder(workplace, "dr"), `${storeFolder(workplace, "dr")}.away`);
    await mkdir(storeFolder(workplace, "dr"));
    const planned = await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    expect(planned).toMatchObject({ code: 1 });
    const before = await backups(workplace);
    for (const args of [
      ["lock", "show", "production"],
      ["lock", "break", "production", "app"],
      ["audit", "show", "production"],
      ["audit", "verify", "production"],
      ["apply", "0123456789ab"],
      ["apply", "p.yaml"],
      ["run", "production"],
    ]) {
      const ran = await workplace.dbops(args);
      expect(ran, args.join(" ")).toMatchObject({ code: 1 });
      expect(ran.stderr, args.join(" ")).toContain("error: a store carries no mark of dbops");
    }
    expect(await readdir(storeFolder(workplace, "dr"))).toEqual([]);
    expect(await backups(workplace)).toEqual(before);
  });
});

describe("a store that the user may not read", () => {
  it("is said to be unreadable, and nothing of the other store is deleted", async () => {
    const workplace = await aboutToPrune();
    const before = await backups(workplace);
    const dbops = await asUnprivileged(workplace);
    await chmod(join(storeFolder(workplace, "dr"), "app"), 0o000);
    try {
      const planned = await dbops(["plan", "production"]);
      expect(planned).toMatchObject({ code: 1 });
      expect(planned.stderr).toContain("EACCES");
      expect(planned.stdout).not.toContain("No changes");
      expect(planned.stdout).not.toMatch(/[1-9]\d* to destroy/);
      expect(await dbops(["run", "production"])).toMatchObject({ code: 1 });
      expect(await dbops(["check", "production"])).toMatchObject({ code: 1 });
    } finally {
      await chmod(join(storeFolder(workplace, "dr"), "app"), 0o755);
    }
    expect(await backups(workplace)).toEqual(before);
  });
});

/** dbops as the user that may read the server's password, who owns the workplace from now on: root may read everything. */
async function asUnprivileged(workplace: Workplace): Promise<(args: readonly string[]) => Promise<Ran>> {
  const { uid, gid } = await stat(world.cluster.passwordFile);
  await promisify(execFile)("chown", ["-R", `${uid}:${gid}`, workplace.folder]);
  return (args) => runDbops(args, { cwd: workplace.folder, user: { uid, gid } });
}

/** A workplace whose retention wants the older backups gone, also in `dbops run`. */
async function aboutToPrune(): Promise<Workplace> {
  const workplace = await world.fresh({
    retention: "{ daily: 2, atLeast: 1 }",
    schedules: COVERED,
    automatic: "[backup, copy, prune]",
  });
  for (const store of ["primary", "dr"])
    for (const stamp of OLDER) await ageBackup(workplace, store, { from: world.first, stamp });
  return workplace;
}

/** All objects of the database, in both stores and in what was taken away. */
async function backups(workplace: Workplace): Promise<readonly string[]> {
  const found: string[] = [];
  for (const store of ["primary", "primary.away", "dr", "dr.away"]) {
    const folder = await stat(storeFolder(workplace, store)).catch(() => null);
    if (folder?.isDirectory() !== true) continue;
    const lines = await stateOf(workplace, store);
    found.push(...lines.filter((line) => line.startsWith("app/")).map((line) => `${store}: ${line}`));
  }
  return found;
}
