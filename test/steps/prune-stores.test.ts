import { beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../src/model/canonical.ts";
import { STORE_MARK } from "../../src/model/layout.ts";
import { NOW } from "../plan/build.ts";
import {
  dropAll,
  folderAt,
  keysAt,
  nameOf,
  type PruneWorld,
  pruneStep,
  pruneWorld,
  putBackup,
} from "./prune-world.ts";

const STAMPS = ["20261121_010000", "20261122_010000", "20261123_010000", "20261124_010000"];
const [OLDEST = ""] = STAMPS;
const REFUSED = `PRUNE_REFUSED ${nameOf(OLDEST)} is not deleted: `;

let world: PruneWorld;

beforeEach(() => {
  world = worldOf();
});

describe("a deletion in one store", () => {
  it("is done while the store that keeps the backup has it whole", async () => {
    expect(await world.run(oldest())).toBe("done");
    expect(keysAt(world.stores["primary"], OLDEST)).toEqual([]);
    expect(keysAt(world.stores["dr"], OLDEST)).toHaveLength(6);
  });

  it("is refused when another store keeps the backup and has lost it", async () => {
    const step = oldest();
    dropAll(world.stores["dr"], folderAt(OLDEST));
    expect(await refusal(step)).toBe(`${REFUSED}dr keeps it (daily 4 of 30), but it has none there`);
  });

  it("is refused when another store cannot be looked at, is empty of a mark or another environment's", async () => {
    const step = oldest();
    world.stores["dr"]?.put(
      STORE_MARK,
      JSON.stringify({ storeId: "x", environment: "staging", createdAt: NOW }),
    );
    expect(await refusal(step)).toMatch(/dr cannot be looked at: store dr belongs to staging/);
    world.stores["dr"]?.drop(STORE_MARK);
    expect(await refusal(step)).toMatch(/dr cannot be looked at: store dr has no _dbops\/store.json/);
  });

  it("is refused when the backup is held in another store", async () => {
    world.stores["dr"]?.put(`${folderAt(OLDEST)}hold/incident-42.json`, "{}");
    expect(await refusal(oldest())).toBe(`${REFUSED}it is held in dr (incident-42)`);
  });

  it("is refused when the backup is the last one that was proven in any store", async () => {
    world.stores["dr"]?.put(`${folderAt(OLDEST)}proof/20261124_090000.passed.json`, "{}");
    expect(await refusal(oldest())).toBe(`${REFUSED}it is the last proven one`);
  });

  it("is refused while another store has a backup that is dated in the future", async () => {
    putBackup(world.stores["dr"], "20271124_010000");
    expect(await refusal(oldest())).toMatch(/is dated in the future/);
  });
});

describe("a backup is not deleted when the copy that is kept in another store", () => {
  it("has lost an object", async () => {
    world.stores["dr"]?.drop(`${folderAt(OLDEST)}${nameOf(OLDEST)}.dump.zst.age`);
    expect(await refusal(oldest())).toBe(
      `${REFUSED}dr keeps it (daily 4 of 30), but its copy there is damaged`,
    );
  });

  it("was cut short, which its listing does not show", async () => {
    world.stores["dr"]?.put(`${folderAt(OLDEST)}${nameOf(OLDEST)}.dump.zst.age`, "x");
    expect(await refusal(oldest())).toMatch(/dr keeps it, but .*dump.zst.age has 1 bytes instead of/);
  });

  it("is another one under the same name", async () => {
    const key = `${folderAt(OLDEST)}manifest.json`;
    world.stores["dr"]?.put(key, `${world.stores["dr"]?.text(key)} `);
    expect(await refusal(oldest())).toMatch(/dr keeps it, but manifest.json is another one there/);
  });

  it("has no readable manifest", async () => {
    world.stores["dr"]?.put(`${folderAt(OLDEST)}manifest.json`, "{}");
    expect(await refusal(oldest())).toMatch(/^MANIFEST_INVALID/);
  });

  it.each([
    ["another size", "cut", /dr keeps it, but .*sql.gz.enc has 303 bytes there and 314 here/],
    ["another checksum", "the other file", /dr keeps it, but .*sql.gz.enc.sha256 is another one there/],
  ])("is a file of the runbook with %s", async (_, theirs, says) => {
    world = worldOf();
    const classic = (name: string, body: string) => {
      world.stores[name]?.put(`${nameOf(OLDEST)}.sql.gz.enc`, body);
      world.stores[name]?.put(`${nameOf(OLDEST)}.sql.gz.enc.sha256`, sha256(body));
      dropAll(world.stores[name], folderAt(OLDEST));
    };
    classic("primary", `the whole file${"x".repeat(300)}`);
    classic("dr", `${theirs}${"x".repeat(300)}`);
    const { target, ...step } = pruneStep(world, { store: "primary", stamp: STAMPS[1] ?? "" });
    const etag = (
      await world.stores["primary"]?.head(`${nameOf(OLDEST)}.sql.gz.enc`, AbortSignal.timeout(1000))
    )?.etag;
    const classicTarget = {
      ...target,
      name: nameOf(OLDEST),
      expect: { etag: etag ?? "", survivors: [], atLeast: 1 },
    };
    expect(await world.run({ ...step, target: { ...classicTarget, type: "backup" } })).toMatch(says);
    expect(world.stores["primary"]?.text(`${nameOf(OLDEST)}.sql.gz.enc`)).toMatch(/^the whole file/);
  });
});

describe("a plan that deletes half of the backups of a store", () => {
  const planned = STAMPS.slice(0, 2);

  it("goes on after a deletion that was done, or broke off behind the manifest", async () => {
    world = oneStore();
    const steps = planned.map((stamp) => pruneStep(world, { store: "primary", stamp }));
    for (const [n, step] of steps.entries()) {
      world.stores["primary"]?.drop(`${folderAt(planned[n] ?? "")}manifest.json`);
      expect(await world.run(step, steps)).toBe("done");
    }
    for (const stamp of planned) expect(keysAt(world.stores["primary"], stamp)).toEqual([]);
  });

  it("deletes nothing when other backups have gone by then, unless that is allowed", async () => {
    world = oneStore();
    const steps = planned.map((stamp) => pruneStep(world, { store: "primary", stamp }));
    dropAll(world.stores["primary"], folderAt(STAMPS[2] ?? ""));
    for (const step of steps)
      expect(await world.run(step, steps)).toBe(
        "PRUNE_TOO_LARGE 2 of 3 backups of trading_signals in primary would be deleted, so none of them is",
      );
    for (const { target, ...step } of steps) {
      if (target.type !== "backup") continue;
      const expected = { ...target.expect, allowLargePrune: true } as const;
      expect(await world.run({ ...step, target: { ...target, expect: expected } }, steps)).toBe("done");
    }
  });

  function oneStore(): PruneWorld {
    const made = pruneWorld({ primary: { daily: 1 } });
    for (const stamp of STAMPS) putBackup(made.stores["primary"], stamp);
    return made;
  }
});

/** Four daily backups in both stores; primary keeps three of them, dr all. */
function worldOf(): PruneWorld {
  const made = pruneWorld({ primary: { daily: 3 }, dr: { daily: 30 } });
  for (const store of ["primary", "dr"]) for (const stamp of STAMPS) putBackup(made.stores[store], stamp);
  return made;
}

function oldest() {
  return pruneStep(world, { store: "primary", stamp: OLDEST, survivors: STAMPS.slice(3) });
}

/** What the step comes to, having removed nothing. */
async function refusal(step: ReturnType<typeof oldest>): Promise<string> {
  const before = world.stores["primary"]?.keys();
  const found = await world.run(step);
  expect(world.stores["primary"]?.keys()).toEqual(before);
  return found;
}
