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

it("doctor finds a host whose clock is hours behind that of the store and of the database", async () => {
  const workplace = await world.fresh({ stores: ["primary"] });
  const slow = join(workplace.folder, "slow.mjs");
  await writeFile(slow, SLOW);
  const ran = await workplace.dbops(["doctor", "production"], { NODE_OPTIONS: `--import ${slow}` });
  expect(ran).toMatchObject({ code: 1, stdout: expect.stringContaining("timedatectl set-ntp true") });
  const apart = [
    ...ran.stdout.matchAll(/(store primary|database app).*: its clock and this host's are 7\d{3} s apart/g),
  ];
  expect(apart.map((found) => found[1]).sort()).toEqual(["database app", "store primary"]);
});
