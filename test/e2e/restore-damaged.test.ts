import { appendFile, copyFile, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Declared } from "../support/declared-environment.ts";
import { APPLY, planRuined } from "../support/held-restore.ts";
import { type RestorableWorld, startRestorableWorld } from "../support/restorable-world.ts";
import { expectRestoredOnce, expectUntouched } from "../support/restored-once.ts";
import { failureOf, mustSucceed, newestBackup, planProblems, takeBackup } from "../support/taken-backup.ts";

let world: RestorableWorld;

beforeAll(async () => {
  world = await startRestorableWorld();
});

afterAll(async () => {
  await world?.stop();
});

/** What somebody, or a disk, does to the archive of a backup; `other` is that of an older one. */
type Damage = (archive: string, other: string) => Promise<void>;

/** The first three also where age would tell; the others must be told by the manifest alone. */
const DAMAGES: Readonly<Record<string, Damage>> = {
  "is cut off": async (archive) => truncate(archive, (await stat(archive)).size - 100),
  "has a bit flipped in its middle": (archive) => flipBit(archive, 0.5),
  "is the archive of another backup": (archive, other) => copyFile(other, archive),
  "has a bit flipped in its head": (archive) => flipBit(archive, 0.001),
  "has a bit flipped at its end": (archive) => flipBit(archive, 0.9999),
  "has bytes behind its end": (archive) => appendFile(archive, "more"),
};

async function flipBit(path: string, share: number): Promise<void> {
  const content = await readFile(path);
  const place = Math.floor(content.length * share);
  content.writeUInt8(content.readUInt8(place) ^ 1, place);
  await writeFile(path, content);
}

/** A place with two backups, the newer one of which `r.yaml` restores. */
async function twice(encryption?: Declared["encryption"]) {
  const place = await world.fresh(encryption === undefined ? {} : { encryption });
  await world.cluster.psql(place.live, "CREATE TABLE another()"); // in one second, equal databases have equal archives
  const other = await takeBackup(place);
  await world.cluster.psql(place.live, "DROP TABLE another");
  const backup = await takeBackup(place);
  await planRuined(world, place);
  return { place, archive: backup.path("archive"), other: other.path("archive") };
}

describe.each([
  ["age", undefined, 3],
  ["nothing", "none", 6],
] as const)("an archive that %s encrypts and that is damaged behind the plan", (_, encryption, count) => {
  it("is never swapped in, and applying again works with the one that was meant", async () => {
    const { place, archive, other } = await twice(encryption);
    const kept = join(place.folder, "kept");
    await copyFile(archive, kept);
    for (const [what, damage] of Object.entries(DAMAGES).slice(0, count)) {
      await damage(archive, other);
      const ran = await place.dbops(["--json", ...APPLY]);
      expect(ran.code, `${what}: ${ran.stderr}`).toBe(1);
      expect(failureOf(ran, "app.load"), what).toMatchObject({
        code: "OBJECT_DAMAGED",
        detail: expect.stringMatching(/\.dump\.zst.* in store primary has /),
      });
      await expectUntouched(world, place);
      await copyFile(kept, archive);
    }
    mustSucceed(await place.dbops(APPLY));
    await expectRestoredOnce(world, place);
  });
});

describe("a backup that lost the end of its archive before the plan", () => {
  it("is not planned to be restored, though its head can be read", async () => {
    const place = await world.fresh();
    const archive = (await newestBackup(place)).path("archive");
    await truncate(archive, (await stat(archive)).size - 1);
    const ran = await place.dbops(["plan", "production", "restore", "--at", "latest", "--json"]);
    expect(ran.code).toBe(1);
    expect(planProblems(ran)).toEqual([
      expect.objectContaining({
        code: "OBJECT_DAMAGED",
        detail: expect.stringMatching(/\.dump\.zst\.age in store primary has \d+ bytes instead of \d+/),
      }),
    ]);
  });
});
