import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/model/canonical.ts";
import { renderClassicMark } from "../../src/model/classic-mark.ts";
import { NOW } from "../plan/build.ts";
import { folderAt, keysAt, nameOf, pruneStep, pruneWorld, putBackup, stepOf } from "./prune-world.ts";

const [OLDEST, NEWEST] = ["20261120_010000", "20261123_010000"] as const;
const LONG_AGO = "2026-11-21T01:00:00.000Z";
const CLASSIC = `${nameOf(OLDEST)}.sql.gz.enc`;
const BODY = "the runbook's".padEnd(300, ".");

describe("a runbook file of the same name", () => {
  it("stays when what a crash left in the folder is cleared away", async () => {
    const world = pruneWorld({ primary: {} });
    const { primary } = world.stores;
    for (const key of [CLASSIC, `${CLASSIC}.sha256`]) primary?.put(key, BODY, LONG_AGO);
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
    for (const key of [CLASSIC, `${CLASSIC}.sha256`]) primary?.put(key, BODY, LONG_AGO);
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
    const wanted = { ...target.expect, etag: sha256(BODY) };
    primary?.drop(CLASSIC);
    expect(await world.run(stepOf("primary", { ...target, expect: wanted }))).toBe("done");
    expect(keysAt(primary, OLDEST)).toEqual(before);
    expect(primary?.keys()).not.toContain(`${CLASSIC}.sha256`);
  });
});

describe("a runbook file that another store keeps and has not", () => {
  const pruned = async (more: readonly string[]) => {
    const world = pruneWorld({ primary: { daily: 1 }, dr: { daily: 30 } });
    for (const store of Object.values(world.stores)) putBackup(store, NEWEST);
    for (const key of [CLASSIC, `${CLASSIC}.sha256`, ...more])
      world.stores["primary"]?.put(key, BODY, LONG_AGO);
    const expected = { etag: sha256(BODY), survivors: [nameOf(NEWEST)], atLeast: 1 };
    return world.run(stepOf("primary", { type: "backup", name: nameOf(OLDEST), expect: expected }));
  };

  it("stays when dbops wrote it, which copies it", async () => {
    expect(await pruned([`${nameOf(OLDEST)}.origin.scheduled`])).toMatch(
      /^PRUNE_REFUSED .*dr keeps it .*but it has none there/,
    );
  });

  it("goes when it is the scripts', which nobody copies", async () => {
    expect(await pruned([])).toBe("done");
  });
});

describe("a deletion that counts on a file of the runbook's layout", () => {
  const SURVIVOR = nameOf(NEWEST);
  const prunedBeside = async (files: Readonly<Record<string, string>>) => {
    const world = pruneWorld({ primary: { daily: 1 } });
    const { primary } = world.stores;
    putBackup(primary, OLDEST);
    for (const [ending, text] of Object.entries(files)) primary?.put(`${SURVIVOR}.${ending}`, text, NOW);
    const step = pruneStep(world, { store: "primary", stamp: OLDEST, survivors: [NEWEST] });
    return world.run(step);
  };
  const marked = (bytes: number, digest = sha256(BODY)) => ({
    "sql.gz.enc": BODY,
    "sql.gz.enc.sha256": `${digest}  ${SURVIVOR}.sql.gz.enc\n`,
    "origin.scheduled": renderClassicMark({ bytes, sha256: sha256(BODY) }),
  });

  it("is done beside one that has the size and the checksum that dbops noted", async () => {
    expect(await prunedBeside(marked(BODY.length))).toBe("done");
  });

  it.each([
    ["lost bytes", marked(BODY.length + 1), /has 300 bytes instead of 301/],
    ["has another checksum by now", marked(BODY.length, sha256("another")), /sha256 is another one than/],
    ["has a mark that says nothing", { ...marked(0), "origin.scheduled": "" }, /does not say what it is/],
  ])("is refused when it %s", async (_, files, says) => {
    expect(await prunedBeside(files)).toMatch(says);
  });

  it("is refused when nothing tells that dbops wrote it", async () => {
    const { "origin.scheduled": _, ...scripts } = marked(BODY.length);
    expect(await prunedBeside(scripts)).toMatch(/^PLAN_STALE .*which is not there/);
  });

  it("takes the mark along with the file that it deletes", async () => {
    const world = pruneWorld({ primary: { daily: 1 } });
    const { primary } = world.stores;
    putBackup(primary, NEWEST);
    const own = [CLASSIC, `${CLASSIC}.sha256`, `${nameOf(OLDEST)}.origin.scheduled`];
    for (const key of own) primary?.put(key, BODY, LONG_AGO);
    const expected = { etag: sha256(BODY), survivors: [SURVIVOR], atLeast: 1 };
    await world.run(stepOf("primary", { type: "backup", name: nameOf(OLDEST), expect: expected }));
    expect(primary?.keys().filter((key) => key.startsWith(nameOf(OLDEST)))).toEqual([]);
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
    for (const key of [CLASSIC, `${CLASSIC}.sha256`]) primary?.put(key, BODY, LONG_AGO);
    const expected = { etag: sha256(BODY), survivors: [nameOf(NEWEST)], atLeast: 1 };
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
