import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { stallDumps } from "../support/held-lock.ts";
import { readPlan } from "../support/plan-text.ts";
import { descendantsOf, isAlive } from "../support/processes.ts";
import { backupsIn, eventsOf, foldersIn, storeFolder, until } from "../support/store-files.ts";
import { startOnTerminal } from "../support/terminal.ts";
import type { Workplace } from "../support/workplace.ts";

const OLDER = ["20260101_010000", "20260102_010000", "20260103_010000", "20260104_010000"];
const MOVING = /back up app to primary: [\d.]+ [KMG]iB/;
const ASKED = /in the protected environment production\. Type its name to go on:/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal sequences begin with one
const COLOUR = /\u001b\[[0-9;]*m/;

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("a person at a terminal", () => {
  it("plans, types the environment's name, watches, stops with Ctrl-C, and goes on by the digest", async () => {
    const workplace = await withDueBackup();
    const on = (...args: string[]) => startOnTerminal(args, { cwd: workplace.folder });
    const planned = await on("plan", "production", "--out", "p.yaml").ended;
    expect(planned).toMatchObject({ code: 0 });
    expect(planned.text).toContain("Plan: 1 to add, 0 to change, 2 to destroy.");

    const mistyped = on("apply", "p.yaml");
    await mistyped.sees(ASKED);
    mistyped.type("prod\r");
    expect(await mistyped.ended).toMatchObject({ code: 6 });
    expect(await backupsIn(workplace, "primary")).toEqual(OLDER);

    const lock = await stallDumps(world.cluster, "app");
    const stopped = on("apply", "p.yaml");
    await stopped.sees(ASKED);
    stopped.type("production\r");
    await stopped.sees(MOVING);
    stopped.type("\u0003");
    const interrupted = await stopped.ended;
    await lock.release();
    expect(interrupted).toMatchObject({ code: 130, text: expect.stringContaining("Interrupted: 0 done") });
    expect(interrupted.raw.lastIndexOf("\u001b[?25h")).toBeGreaterThan(
      interrupted.raw.lastIndexOf("\u001b[?25l"),
    );
    const { plan: digest } = await readPlan(workplace, "p.yaml");
    expect(interrupted.text).toContain(`dbops apply ${digest}`);
    expect(await foldersIn(workplace, "primary")).toEqual(OLDER);

    const resumed = on("apply", digest.slice(0, 12));
    await resumed.sees(ASKED);
    resumed.type("production\r");
    const done = await resumed.ended;
    expect(done).toMatchObject({ code: 0, text: expect.stringContaining("Applied, resumed: ") });
    const left = await backupsIn(workplace, "primary");
    expect(left.slice(0, 2)).toEqual(OLDER.slice(2));
    expect(left).toHaveLength(3);
    expect(await foldersIn(workplace, "primary")).toEqual(left);
  });

  it("who loses the terminal loses nothing: the run stops at its safe point and frees its lock", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
    const lock = await stallDumps(world.cluster, "app");
    const running = startOnTerminal(["apply", "p.yaml"], { cwd: workplace.folder });
    await running.sees(MOVING);
    const below = descendantsOf(running.pid);
    expect(below.length).toBeGreaterThan(1);
    running.hangUp();
    await until(async () => below.every(({ pid }) => !isAlive(pid)));
    await lock.release();
    expect((await eventsOf(workplace, "app.backup")).at(-1)?.event).toBe("interrupted");
    const locks = await workplace.dbops(["lock", "show", "production", "--json"]);
    expect(locks.stdout).not.toContain('"held"');
    expect(await foldersIn(workplace, "primary")).toEqual([world.first]);
    expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
  });

  it("sees colours unless --no-color or NO_COLOR says otherwise", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    const shown = async (args: readonly string[], env = {}) =>
      (await startOnTerminal(args, { cwd: workplace.folder, env }).ended).raw;
    const plan = ["plan", "production", "backup"];
    expect(await shown(plan)).toMatch(COLOUR);
    expect(await shown(["--no-color", ...plan])).not.toMatch(COLOUR);
    expect(await shown([...plan, "--no-color"])).not.toMatch(COLOUR);
    expect(await shown(plan, { NO_COLOR: "1" })).not.toMatch(COLOUR);
  });
});

/** Four old backups in a protected environment: a new one is due, and with it two have to go. */
async function withDueBackup(): Promise<Workplace> {
  const workplace = await world.fresh({
    stores: ["primary"],
    retention: "{ daily: 3 }",
    protected: true,
  });
  for (const stamp of OLDER) await ageBackup(workplace, "primary", { from: world.first, stamp });
  await rm(join(storeFolder(workplace, "primary"), "app", world.first), { recursive: true });
  return workplace;
}
