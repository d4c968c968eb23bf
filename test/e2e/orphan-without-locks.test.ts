import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { storeFolder } from "../support/store-files.ts";
import type { Workplace } from "../support/workplace.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

describe("a database that was renamed in a file that says `locks: none`", () => {
  it("is found through its journal", async () => {
    const workplace = await renamed();
    const backups = await workplace.dbops(["backups", "production"]);
    expect(backups.stdout).toContain(`production_app_${world.first}`);
    expect(backups.stdout).toContain("orphaned");
    expect((await workplace.dbops(["plan", "production"])).stdout).toContain("prune --orphan app");
  });

  it("is found by its name where not even a journal is left", async () => {
    const workplace = await renamed();
    await rm(join(storeFolder(workplace, "primary"), "_dbops", "journal"), { recursive: true });
    const args = ["plan", "production", "prune", "--orphan", "app", "--allow-large-prune", "--out", "p.yaml"];
    const planned = await workplace.dbops(args);
    expect(planned).toMatchObject({ code: 0 });
    expect(await readFile(join(workplace.folder, "p.yaml"), "utf8")).toContain(
      `production_app_${world.first}`,
    );
  });
});

/** The environment, without any lock, after its database `app` got another key. */
async function renamed(): Promise<Workplace> {
  const workplace = await world.fresh({ stores: ["primary"] });
  await rm(join(storeFolder(workplace, "primary"), "_dbops", "locks"), { recursive: true });
  const file = join(workplace.folder, "environments", "production.yaml");
  const text = await readFile(file, "utf8");
  await writeFile(
    file,
    text.replace("records: primary", "records: primary\nlocks: none").replace("  app:", "  renamed:"),
  );
  return workplace;
}
