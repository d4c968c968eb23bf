import { describe, expect, it } from "vitest";
import { never } from "../apply/build.ts";
import { NOW } from "../plan/build.ts";
import { folderAt, keysAt, nameOf, pruneStep, pruneWorld, putBackup, stepOf } from "./prune-world.ts";

const [OLDEST, NEWEST] = ["20261120_010000", "20261123_010000"] as const;
const LONG_AGO = "2026-11-21T01:00:00.000Z";

describe("objects that dbops does not know", () => {
  it("stay when the backup in whose folder they lie is deleted", async () => {
    const world = pruneWorld({ primary: { daily: 1 } });
    const { primary } = world.stores;
    for (const stamp of [OLDEST, NEWEST]) putBackup(primary, stamp);
    primary?.put(`${folderAt(OLDEST)}by-hand/production.sql`, "the only copy");
    const step = pruneStep(world, { store: "primary", stamp: OLDEST, survivors: [NEWEST] });
    expect(await world.run(step)).toBe("done");
    expect(keysAt(primary, OLDEST)).toEqual(["by-hand/production.sql"]);
    expect(await world.run(step)).toBe("done");
    expect(keysAt(primary, OLDEST)).toEqual(["by-hand/production.sql"]);
  });

  it("keep a folder without a manifest from being cleared away", async () => {
    const world = pruneWorld({ primary: {} });
    const { primary } = world.stores;
    primary?.put(`${folderAt(OLDEST)}${nameOf(OLDEST)}.sql.gz.enc`, "the only copy", LONG_AGO);
    primary?.put(`${folderAt(OLDEST)}RESTORE.md`, "left over", LONG_AGO);
    const target = { type: "leftover", name: nameOf(OLDEST), expect: { modifiedAt: LONG_AGO } } as const;
    expect(await world.run(stepOf("primary", target))).toMatch(/^PRUNE_REFUSED .* dbops does not know/);
    expect(keysAt(primary, OLDEST)).toHaveLength(2);
  });
});

describe("what an upload left a day ago", () => {
  const upload = { key: `${folderAt(OLDEST)}${nameOf(OLDEST)}.dump.zst.age`, id: "u", startedAt: LONG_AGO };
  const leftover = { type: "leftover", name: nameOf(OLDEST), expect: { modifiedAt: LONG_AGO } } as const;

  it.each([
    ["stays while another run holds the backup lease", "deploy@host-2", /^PRUNE_REFUSED .* in progress/, 1],
    ["goes when nobody does", null, /^done$/, 0],
  ])("%s", async (_, holder, outcome, left) => {
    const world = pruneWorld({ primary: {} }, { leaseHolder: async () => holder });
    const { primary } = world.stores;
    primary?.begin(upload);
    expect(await world.run(stepOf("primary", { type: "upload", ...upload }))).toMatch(outcome);
    let uploads = 0;
    for await (const _ of primary?.unfinished("", never) ?? []) uploads += 1;
    expect(uploads).toBe(left);
    primary?.put(`${folderAt(OLDEST)}RESTORE.md`, `left over at ${NOW}`, LONG_AGO);
    expect(await world.run(stepOf("primary", leftover))).toMatch(outcome);
    expect(keysAt(primary, OLDEST)).toHaveLength(left);
  });
});
