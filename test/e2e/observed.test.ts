import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ageBackup } from "../support/aged-backup.ts";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { storeFolder } from "../support/store-files.ts";
import type { Workplace } from "../support/workplace.ts";

let world: World;
let workplace: Workplace;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("a plan from an observation", () => {
  it("is the same on a machine without the secret, the server and the stores", async () => {
    workplace = await world.fresh({
      retention: "{ daily: 2, atLeast: 1 }",
      schedules: '{ yearly: { cron: "0 0 1 1 *" } }',
    });
    for (const store of ["primary", "dr"])
      for (const stamp of ["20260101_010000", "20260102_010000"])
        await ageBackup(workplace, store, { from: world.first, stamp });
    await useSecretFromEnvironment();
    const secret = { APP_PASSWORD: world.cluster.password };
    expect(await workplace.dbops(["observe", "production", "--out", "seen.json"], secret)).toMatchObject({
      code: 0,
    });
    expect(await workplace.dbops(["plan", "production", "--out", "here.yaml"], secret)).toMatchObject({
      code: 0,
    });
    const forced = ["plan", "production", "backup", "app"];
    await workplace.dbops([...forced, "--out", "forced-here.yaml"], secret);
    expect(await readFile(join(workplace.folder, "seen.json"), "utf8")).not.toContain(secret.APP_PASSWORD);

    for (const store of ["primary", "dr"])
      await rename(storeFolder(workplace, store), `${storeFolder(workplace, store)}.away`);
    await world.cluster.stop();
    const observed = ["--observed", "seen.json", "--out"];
    expect(await workplace.dbops(["plan", "production", ...observed, "there.yaml"])).toMatchObject({
      code: 0,
    });
    await workplace.dbops([...forced, ...observed, "forced-there.yaml"]);
    expect(await partsOf("there.yaml")).toEqual(await partsOf("here.yaml"));
    expect(await partsOf("there.yaml")).toMatchObject({ summary: { destroy: 2 } });
    expect(await partsOf("forced-there.yaml")).toEqual(await partsOf("forced-here.yaml"));
    const blind = await workplace.dbops(["plan", "production"]);
    expect(blind).toMatchObject({ code: 1 });
    expect(blind.stdout).not.toContain("No changes");
  });
});

async function useSecretFromEnvironment(): Promise<void> {
  const file = join(workplace.folder, "environments", "production.yaml");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace(/password: \{[^}]*\}/, "password: { env: APP_PASSWORD }"));
}

async function partsOf(file: string) {
  const plan = parse(await readFile(join(workplace.folder, file), "utf8")) as Record<string, unknown>;
  const { steps, config, targets, summary } = plan;
  return { steps, config, targets, summary };
}
