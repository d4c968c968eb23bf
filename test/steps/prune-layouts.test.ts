import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/model/canonical.ts";
import { folderAt, keysAt, nameOf, pruneStep, pruneWorld, putBackup, stepOf } from "./prune-world.ts";

const [OLDEST, NEWEST] = ["20261120_010000", "20261123_010000"] as const;
const LONG_AGO = "2026-11-21T01:00:00.000Z";
const CLASSIC = `${nameOf(OLDEST)}.sql.gz.enc`;

describe("a runbook file of the same name", () => {
  it("stays when what a crash left in the folder is cleared away", async () => {
    const world = pruneWorld({ primary: {} });
    const { primary } = world.stores;
    for (const key of [CLASSIC, `${CLASSIC}.sha256`]) primary?.put(key, "the runbook's", LONG_AGO);
    primary?.put(`${folderAt(OLDEST)}RESTORE.md`, "left over", LONG_AGO);
    const target = { type: "leftover", name: nameOf(OLDEST), expect: { modifiedAt: LONG_AGO } } as const;
    await world.run(stepOf("primary", target));
    expect(primary?.keys()).toEqual(expect.arrayContaining([CLASSIC, `${CLASSIC}.sha256`]));
  });

  it("stays when the backup in the folder is deleted", async () => {
    const world = pruneWorld({ primary: { daily: 1 } });
    const { primary } = world.stores;
    for (const stamp of [OLDEST, NEWEST]) putBackup(primary, stamp);
    primary?.put(CLASSIC, "the runbook's, without its checksum", LONG_AGO);
    await world.run(pruneStep(world, { store: "primary", stamp: OLDEST, survivors: [NEWEST] }));
    expect(primary?.keys()).toContain(CLASSIC);
  });
});

describe("a deletion that broke off behind its first object, where both layouts have a backup of its name", () => {
  const bothThere = () => {
    const world = pruneWorld({ primary: { daily: 2 } }); // which keeps whatever is whole
    const { primary } = world.stores;
    for (const stamp of [OLDEST, NEWEST]) putBackup(primary, stamp);
    for (const key of [CLASSIC, `${CLASSIC}.sha256`]) primary?.put(key, "the runbook's", LONG_AGO);
    return { world, primary };
  };

  it("goes on in the folder and leaves the file alone", async () => {
    const { world, primary } = bothThere();
    const step = pruneStep(world, { store: "primary", stamp: OLDEST, survivors: [NEWEST] });
    primary?.drop(`${folderAt(OLDEST)}manifest.json`);
    expect(await world.run(step)).toBe("done");
    expect(keysAt(primary, OLDEST)).toEqual([]);
    expect(primary?.keys()).toEqual(expect.arrayContaining([CLASSIC, `${CLASSIC}.sha256`]));
  });

  it("goes on with the file's checksum and leaves the folder alone", async () => {
    const { world, primary } = bothThere();
    const before = keysAt(primary, OLDEST);
    const { target } = pruneStep(world, { store: "primary", stamp: OLDEST, survivors: [NEWEST] });
    if (target.type !== "backup") throw new Error("a backup");
    const wanted = { ...target.expect, etag: sha256("the runbook's") };
    primary?.drop(CLASSIC);
    expect(await world.run(stepOf("primary", { ...target, expect: wanted }))).toBe("done");
    expect(keysAt(primary, OLDEST)).toEqual(before);
    expect(primary?.keys()).not.toContain(`${CLASSIC}.sha256`);
  });
});

describe("a runbook file that another store keeps and has not", () => {
  const pruned = async (format: "archive" | "sql") => {
    const world = pruneWorld({ primary: { daily: 1 }, dr: { daily: 30 } }, { format });
    for (const store of Object.values(world.stores)) putBackup(store, NEWEST);
    for (const key of [CLASSIC, `${CLASSIC}.sha256`]) world.stores["primary"]?.put(key, "a file", LONG_AGO);
    const expected = { etag: sha256("a file"), survivors: [nameOf(NEWEST)], atLeast: 1 };
    return world.run(stepOf("primary", { type: "backup", name: nameOf(OLDEST), expect: expected }));
  };

  it("stays where dbops writes such files, and copies them", async () => {
    expect(await pruned("sql")).toMatch(/^PRUNE_REFUSED .*dr keeps it .*but it has none there/);
  });

  it("goes where they are the scripts', which nobody copies", async () => {
    expect(await pruned("archive")).toBe("done");
  });
});

describe("a hold that dbops would not name so", () => {
  it.each(["hold/incident 42.json", "hold/why", "hold/a/b.json"])("holds all the same: %s", async (key) => {
    const world = pruneWorld({ primary: { daily: 1 } });
    const { primary } = world.stores;
    for (const stamp of [OLDEST, NEWEST]) putBackup(primary, stamp);
    primary?.put(`${folderAt(OLDEST)}${key}`, "{}");
    const before = keysAt(primary, OLDEST);
    const step = pruneStep(world, { store: "primary", stamp: OLDEST, survivors: [NEWEST] });
    expect(await world.run(step)).toMatch(/^PRUNE_REFUSED .*held/);
    expect(keysAt(primary, OLDEST)).toEqual(before);
  });
});

describe("a hold of a runbook's file", () => {
  const pruned = async (hold: string | null) => {
    const world = pruneWorld({ primary: { daily: 1 } });
    const { primary } = world.stores;
    putBackup(primary, NEWEST);
    for (const key of [CLASSIC, `${CLASSIC}.sha256`]) primary?.put(key, "the runbook's", LONG_AGO);
    const expected = { etag: sha256("the runbook's"), survivors: [nameOf(NEWEST)], atLeast: 1 };
    const step = stepOf("primary", { type: "backup", name: nameOf(OLDEST), expect: expected });
    if (hold !== null) primary?.put(`${nameOf(OLDEST)}.hold.${hold}`, "{}"); // since it was planned
    const answer = await world.run(step);
    return { answer, isThere: primary?.keys().includes(CLASSIC) };
  };

  it.each(["incident-42.json", "why"])(
    "keeps it from being deleted, found out under the lock: %s",
    async (hold) => {
      expect(await pruned(hold)).toEqual({
        answer: expect.stringMatching(/^PRUNE_REFUSED .*held/),
        isThere: true,
      });
    },
  );

  it("is what was missing where it is deleted", async () => {
    expect(await pruned(null)).toEqual({ answer: "done", isThere: false });
  });
});

describe("a backup that is another one by now", () => {
  it("is refused, not called gone", async () => {
    const world = pruneWorld({ primary: { daily: 1 } });
    const { primary } = world.stores;
    for (const stamp of [OLDEST, NEWEST]) putBackup(primary, stamp);
    const step = pruneStep(world, { store: "primary", stamp: OLDEST, survivors: [NEWEST] });
    primary?.put(`${folderAt(OLDEST)}manifest.json`, "{}");
    expect(await world.run(step)).toMatch(/^PLAN_STALE/);
    expect(keysAt(primary, OLDEST).length).toBeGreaterThan(3);
  });
});
