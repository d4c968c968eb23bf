import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startWorld, type World } from "../support/backed-up-world.ts";
import { backupsIn } from "../support/store-files.ts";

const SLOW = `
const Real = Date;
const slowMs = 2 * 3_600_000;
globalThis.Date = class extends Real {
  constructor(...given) {
    if (given.length > 0) super(...given);
    else super(Real.now() - slowMs);
  }
  static now() {
    return Real.now() - slowMs;
  }
};
`;

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.stop();
});

it("a plan is known to be applied though a host with a slow clock wrote to the journal since", async () => {
  const workplace = await world.fresh({ stores: ["primary"] });
  await workplace.dbops(["plan", "production", "backup", "--out", "p.yaml"]);
  expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 0 });
  const slow = join(workplace.folder, "slow.mjs");
  await writeFile(slow, SLOW);
  await workplace.dbops(["plan", "production", "backup", "--out", "q.yaml"]);
  const other = await workplace.dbops(["apply", "q.yaml"], { NODE_OPTIONS: `--import ${slow}` });
  expect(other).toMatchObject({ code: 0 });
  const before = await backupsIn(workplace, "primary");
  expect(await workplace.dbops(["apply", "p.yaml"])).toMatchObject({ code: 4 });
  expect(await backupsIn(workplace, "primary")).toEqual(before);
});
