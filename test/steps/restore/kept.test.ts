import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acquireLock } from "../../../src/apply/lock.ts";
import { loadEnvironment } from "../../../src/config/load-environments.ts";
import { connect } from "../../../src/main/connect.ts";
import { parseNote, renderNote } from "../../../src/model/made-database.ts";
import type { Manifest } from "../../../src/model/manifest.ts";
import type { Plan } from "../../../src/model/plan.ts";
import type { MadeNote } from "../../../src/model/restore-target.ts";
import { observe } from "../../../src/observe/observe.ts";
import { plan } from "../../../src/plan/plan.ts";
import { readManifest } from "../../../src/ports/read-manifest.ts";
import { fail } from "../../../src/problems/dbops-error.ts";
import type { Ports } from "../../../src/steps/handler.ts";
import { readDetail } from "../../../src/steps/restore/backup-source.ts";
import { handClock, hostOf, never } from "../../apply/build.ts";
import { declareApp } from "../../support/declared-environment.ts";
import {
  databasesOf,
  failureOf,
  mustApply,
  outcomesOf,
  type Place,
  type RestoreWorld,
  startRestoreWorld,
} from "./world.ts";

let world: RestoreWorld;

beforeAll(async () => {
  world = await startRestoreWorld();
});

afterAll(() => world?.stop());

/** A place whose database was replaced so long ago that its grace is over. */
async function replacedLongAgo(): Promise<Place> {
  const place = await world.place();
  await world.cluster.psql(place.live, "CREATE TABLE lost (id int); INSERT INTO lost VALUES (7)");
  await world.cluster.psql("postgres", `COMMENT ON DATABASE "${place.live}" IS 'the trading database'`);
  mustApply(await place.apply());
  const note = await noteOf(place);
  await comment(place, { ...note, replacedAt: "2025-01-18T01:00:00.123456Z" });
  return place;
}

async function noteOf(place: Place): Promise<MadeNote> {
  const note = parseNote((await databasesOf(world, place))[place.old]?.comment ?? null);
  if (note === null) throw new Error(`${place.old} has no note`);
  return note;
}

async function comment({ old }: Place, note: MadeNote): Promise<void> {
  const text = renderNote(note).replaceAll("'", "''");
  await world.cluster.psql("postgres", `COMMENT ON DATABASE ${old} IS '${text}'`);
}

/** What `dbops plan production` says of the replaced database, and of nothing else. */
async function planned({ ports, old }: Place, discard = false): Promise<Plan> {
  const { environment, clock } = ports;
  const observation = await observe(environment, { databases: "all" }, ports, never);
  const options = { now: clock.now(), discard, target: [`app.${old}`] };
  return plan(environment, { operation: "converge" }, { observation, options }).plan;
}

function id({ old }: Place, step: string): string {
  return `app.${old}.${step}`;
}

async function manifestOf({ ports }: Place, name: unknown): Promise<Manifest> {
  return (await readManifest(ports.store("primary"), String(name), never)).manifest;
}

async function withoutIdentity(place: Place): Promise<Ports> {
  const password = { file: world.cluster.passwordFile };
  await declareApp(place.workplace, world.cluster, {
    database: place.live,
    admin: { user: world.cluster.superuser, password },
  });
  const folder = join(place.workplace.folder, "environments");
  return connect(await loadEnvironment("production", folder), "read-write", never).ports;
}

describe("the end of a replaced database", () => {
  it("is a whole backup of it, and its drop, also on a host that can open no backup", async () => {
    const place = await replacedLongAgo();
    const applied = mustApply(
      await place.apply({ plan: await planned(place), ports: await withoutIdentity(place) }),
    );
    expect(Object.keys(await databasesOf(world, place))).toEqual([place.live]);
    const upload = applied.steps.find(({ step }) => step.id === id(place, "upload"));
    const manifest = await manifestOf(place, upload?.facts?.["name"]);
    expect(manifest).toMatchObject({ origin: "safety", label: `${place.old} before it is dropped` });
    const source = { ports: place.ports, store: place.ports.store("primary"), manifest };
    const run = { ...place, signal: never, journaled: () => null, leaseHolder: async () => null };
    const detail = JSON.parse(await readDetail(source, run));
    expect(detail.identity).toMatchObject({ database: place.old, oid: place.liveOid });
    const carried = {
      comment: "the trading database",
      accessPrivileges: expect.arrayContaining(["=Tc/postgres"]),
    };
    expect(detail.database).toMatchObject(carried);
    expect(detail.tables).toEqual([expect.objectContaining({ name: "lost" })]);
  });

  it("is only its drop where it is discarded", async () => {
    const place = await replacedLongAgo();
    const applied = mustApply(await place.apply({ plan: await planned(place, true) }));
    expect(outcomesOf(applied)).toEqual([`${id(place, "drop")} done`]);
    expect(Object.keys(await databasesOf(world, place))).toEqual([place.live]);
  });

  it("is planned with the same backup again when the server refused the drop", async () => {
    const place = await replacedLongAgo();
    const real = place.ports.restoreTarget("app");
    const restoreTarget = () => ({ ...real, drop: async () => fail("RESTORE_FAILED", "it is in use") });
    const failed = await place.apply({ plan: await planned(place), ports: { restoreTarget } });
    expect(failureOf(failed, id(place, "drop")).detail).toBe("it is in use");
    const made = failed.steps.find(({ step }) => step.id === id(place, "upload"))?.facts?.["name"];
    expect((await noteOf(place)).keptAs).toBe(made);
    const again = await planned(place);
    expect(again.steps.map((step) => step.kind)).toEqual(["verify", "drop"]);
    mustApply(await place.apply({ plan: again, ports: await withoutIdentity(place) }));
    expect(Object.keys(await databasesOf(world, place))).toEqual([place.live]);
  });

  it("does not come when it is resumed and the database is another one by now", async () => {
    const place = await replacedLongAgo();
    const again = await planned(place);
    const note = await noteOf(place);
    await world.cluster.psql("postgres", `DROP DATABASE ${place.old}`);
    await world.cluster.psql("postgres", `CREATE DATABASE ${place.old}`);
    await world.cluster.psql("postgres", `REVOKE CONNECT ON DATABASE ${place.old} FROM PUBLIC`);
    await comment(place, note);
    const applied = await place.apply({ plan: again });
    expect(failureOf(applied, id(place, "upload")).code).toBe("TARGET_CHANGED");
    expect(Object.keys(await databasesOf(world, place)).sort()).toEqual([place.old, place.live].sort());
  });
});

describe("a replaced database", () => {
  it("is neither dumped nor dropped where somebody can write to it again", async () => {
    const place = await replacedLongAgo();
    await world.cluster.psql("postgres", `GRANT CONNECT ON DATABASE ${place.old} TO PUBLIC`);
    const applied = await place.apply({ plan: await planned(place) });
    expect(failureOf(applied, id(place, "upload"))).toMatchObject({
      code: "PRUNE_REFUSED",
      detail: expect.stringContaining("was opened again"),
      fix: expect.stringContaining("REVOKE CONNECT"),
    });
    expect(Object.keys(await databasesOf(world, place))).toContain(place.old);
  });

  it("is neither dumped nor dropped while its database is being restored", async () => {
    const place = await replacedLongAgo();
    const once = await planned(place);
    const store = place.ports.store("primary");
    const context = { store: place.records, host: hostOf(2), clock: handClock() };
    const restoring = await acquireLock(context, "app.restore", "plan");
    const applied = await place.apply({ plan: once });
    await restoring.release();
    expect(failureOf(applied, id(place, "upload")).detail).toContain("is being restored by");
    const { backups } = await listedIn(store);
    expect(backups).toBe(1);
    mustApply(await place.apply({ plan: await planned(place) }));
  });
});

async function listedIn(store: ReturnType<Ports["store"]>): Promise<{ readonly backups: number }> {
  let backups = 0;
  for await (const { key } of store.list("app/", {}, never)) backups += key.endsWith("manifest.json") ? 1 : 0;
  return { backups };
}
