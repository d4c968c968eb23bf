import { rm } from "node:fs/promises";
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

describe("audit verify", () => {
  it("does not take records that were removed for consistent ones", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    expect(await workplace.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
    await removeRecords(workplace);
    const verified = await workplace.dbops(["audit", "verify", "production"]);
    expect(verified).toMatchObject({ code: 1 });
    expect(verified.stdout).toContain("broken in 1 scope");
    expect(verified.stdout + verified.stderr).toContain(`production_app_${world.first}`);
  });

  it("says that there is no journal where nothing was ever made", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    await removeRecords(workplace);
    await rm(join(storeFolder(workplace, "primary"), "app"), { recursive: true });
    const verified = await workplace.dbops(["audit", "verify", "production"]);
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.stdout).toContain("No journal found in production.");
  });
});

describe("audit show", () => {
  it("of one scope tells of no other", async () => {
    const workplace = await world.fresh({ stores: ["primary"] });
    const shown = await workplace.dbops(["audit", "show", "production", "--scope", "app.backup"]);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.stdout).toContain("app.backup/1");
  });

  it.each(["../../app", "nothing", ""])(
    "of %j, which is none, is a usage error that names the scopes there are",
    async (scope) => {
      const workplace = await world.fresh({ stores: ["primary"] });
      const shown = await workplace.dbops(["audit", "show", "production", "--scope", scope]);
      expect(shown).toMatchObject({ code: 3 });
      expect(shown.stderr).toContain("app.backup");
    },
  );
});

async function removeRecords(workplace: Workplace): Promise<void> {
  for (const folder of ["locks", "journal"])
    await rm(join(storeFolder(workplace, "primary"), "_dbops", folder), { recursive: true });
}
