import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadEnvironment } from "../../../src/config/load-environments.ts";
import { connect } from "../../../src/main/connect.ts";
import { parseNote, renderNote } from "../../../src/model/made-database.ts";
import type { DropStep } from "../../../src/model/restore-steps.ts";
import type { MadeNote } from "../../../src/model/restore-target.ts";
import { drop } from "../../../src/steps/drop/drop.ts";
import type { StepRun } from "../../../src/steps/handler.ts";
import { never } from "../../apply/build.ts";
import { declareApp } from "../../support/declared-environment.ts";
import { takeBackup } from "../../support/taken-backup.ts";
import { databasesOf, mustApply, type Place, type RestoreWorld, startRestoreWorld } from "./world.ts";

let world: RestoreWorld;

beforeAll(async () => {
  world = await startRestoreWorld();
});

afterAll(() => world?.stop());

/** A place whose database was replaced, so that the old one stands beside it. */
async function replaced(): Promise<Place> {
  const place = await world.place();
  mustApply(await place.apply());
  return place;
}

function dropOf({ old, liveOid }: Place, more: Partial<DropStep> = {}): DropStep {
  return {
    id: "app.drop",
    kind: "drop",
    effect: "destroy",
    why: "a test",
    needs: [],
    after: [],
    database: "app",
    name: old,
    expect: { oid: liveOid, backup: null },
    ...more,
  };
}

function runOf(place: Place, more: Partial<StepRun> = {}): StepRun {
  return {
    ports: place.ports,
    plan: place.plan,
    signal: never,
    journaled: () => null,
    leaseHolder: async () => null,
    note: async () => undefined,
    assertHeld: async () => undefined,
    progress: () => undefined,
    ...more,
  };
}

async function refused(place: Place, step: DropStep, more: Partial<StepRun> = {}): Promise<string> {
  const before = await databasesOf(world, place);
  const standing = await drop.probe(step, runOf(place, more));
  await expect(drop.execute(step, runOf(place, more))).rejects.toThrow();
  expect(await databasesOf(world, place)).toEqual(before);
  return standing.state === "blocked"
    ? `${standing.problem.code} ${standing.problem.detail}`
    : standing.state;
}

async function comment(name: string, text: string): Promise<void> {
  await world.cluster.psql("postgres", `COMMENT ON DATABASE ${name} IS '${text.replaceAll("'", "''")}'`);
}

describe("a drop", () => {
  it("removes what a restore replaced when it was given up, and is done then", async () => {
    const place = await replaced();
    expect(await drop.probe(dropOf(place), runOf(place))).toEqual({ state: "ready" });
    await drop.execute(dropOf(place), runOf(place));
    expect(Object.keys(await databasesOf(world, place))).toEqual([place.live]);
    expect(await drop.probe(dropOf(place), runOf(place))).toMatchObject({ state: "done" });
    await drop.execute(dropOf(place), runOf(place));
  });

  it("refuses a database with another oid, of another name, or whose comment does not say whose it is", async () => {
    const place = await replaced();
    const other = { oid: place.liveOid + 1, backup: null };
    expect(await refused(place, dropOf(place, { expect: other }))).toMatch(/^TARGET_CHANGED/);
    const live = (await databasesOf(world, place))[place.live]?.oid ?? 0;
    const ofLive = dropOf(place, { name: place.live, expect: { oid: live, backup: null } });
    expect(await refused(place, ofLive)).toMatch(/^PRUNE_REFUSED .* no name that dbops gives/);
    await comment(place.old, "mine");
    expect(await refused(place, dropOf(place))).toMatch(/^PRUNE_REFUSED .*does not say that dbops made it/);
  });

  it("refuses what is of another environment or database", async () => {
    const place = await replaced();
    const note = await noteOf(place, place.old);
    await comment(place.old, renderNote({ ...note, environment: "staging" }));
    expect(await refused(place, dropOf(place))).toMatch(/^PRUNE_REFUSED .*app of staging/);
    await comment(place.old, renderNote({ ...note, database: "other" }));
    expect(await refused(place, dropOf(place))).toMatch(/^PRUNE_REFUSED .*other of production/);
  });

  it("changes nothing when its lock was lost just before", async () => {
    const place = await replaced();
    const before = await databasesOf(world, place);
    const assertHeld = async () => {
      throw new Error("the lock was lost");
    };
    await expect(drop.execute(dropOf(place), runOf(place, { assertHeld }))).rejects.toThrow(
      "the lock was lost",
    );
    expect(await databasesOf(world, place)).toEqual(before);
  });

  it("waits for what has to be done before it", async () => {
    const place = await replaced();
    const step = dropOf(place, { needs: ["app.verify"] });
    expect(await drop.probe(step, runOf(place))).toEqual({ state: "waiting", for: "app.verify" });
  });

  it("leaves a side database alone while somebody restores, and removes it afterwards", async () => {
    const place = await replaced();
    const note: MadeNote = { ...(await noteOf(place, place.old)), state: "side", replacedAt: null };
    await comment(place.old, renderNote(note));
    const asked: unknown[] = [];
    const leaseHolder: StepRun["leaseHolder"] = async (database, lease) => {
      asked.push([database, lease]);
      return "deploy@host-2";
    };
    expect(await refused(place, dropOf(place), { leaseHolder })).toMatch(/being restored by deploy@host-2/);
    expect(asked[0]).toEqual(["app", "restore"]);
    expect(await drop.probe(dropOf(place), runOf(place))).toEqual({ state: "ready" });
  });
});

describe("a drop that counts on a backup", () => {
  it("takes none but a whole one of exactly that database, made after it was replaced", async () => {
    const place = await replaced();
    const step = (backup: string) =>
      dropOf(place, { expect: { oid: place.liveOid, backup: { existing: backup } } });
    expect(await refused(place, step("production_app_20200101_000000"))).toMatch(/primary: it is not there/);
    expect(await refused(place, step(world.backup))).toMatch(/before nobody could write any more/);
    await declareApp(place.workplace, world.cluster, { database: place.live });
    const { manifest: ofLive } = await takeBackup(place.workplace);
    expect(await refused(place, step(ofLive.name))).toMatch(/a backup of another database/);
    await declareApp(place.workplace, world.cluster, { database: place.old });
    const { manifest: ofOld } = await takeBackup(place.workplace);
    expect(await drop.probe(step(ofOld.name), runOf(place))).toEqual({ state: "ready" });
    await drop.execute(step(ofOld.name), runOf(place));
    expect(Object.keys(await databasesOf(world, place))).toEqual([place.live]);
  });

  it("refuses where nobody can look into the backup", async () => {
    const place = await replaced();
    await declareApp(place.workplace, world.cluster, { database: place.old });
    const { manifest } = await takeBackup(place.workplace);
    await declareApp(place.workplace, world.cluster, {
      database: place.live,
      admin: { user: world.cluster.superuser, password: { file: world.cluster.passwordFile } },
    });
    const folder = join(place.workplace.folder, "environments");
    const { ports } = connect(await loadEnvironment("production", folder), "read-write", never);
    const step = dropOf(place, { expect: { oid: place.liveOid, backup: { existing: manifest.name } } });
    expect(await refused({ ...place, ports }, step)).toMatch(/declares no identity/);
  });
});

async function noteOf(place: Place, name: string): Promise<MadeNote> {
  const note = parseNote((await databasesOf(world, place))[name]?.comment ?? null);
  if (note === null) throw new Error(`${name} has no note`);
  return note;
}
