import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { History } from "../../../src/apply/history.ts";
import { rehearsePlan } from "../../../src/apply/rehearse.ts";
import { parseNote } from "../../../src/model/made-database.ts";
import { handlers } from "../../../src/steps/handlers.ts";
import { never } from "../../apply/build.ts";
import { contentOf } from "../../support/database-content.ts";
import {
  databasesOf,
  failureOf,
  mustApply,
  outcomesOf,
  type RestoreWorld,
  startRestoreWorld,
  stepOf,
  withSteps,
} from "./world.ts";

let world: RestoreWorld;

beforeAll(async () => {
  world = await startRestoreWorld();
});

afterAll(() => world?.stop());

describe("a restore", () => {
  it("brings the database back under its name, equal, and keeps what had it", async () => {
    const place = await world.place();
    await world.cluster.psql(place.live, "CREATE TABLE ruined ()");
    const applied = mustApply(await place.apply());
    expect(await contentOf(world.cluster, place.live)).toEqual(await contentOf(world.cluster, "app"));
    const found = await databasesOf(world, place);
    expect(Object.keys(found).sort()).toEqual([place.old, place.live].sort());
    expect(found[place.old]?.oid).toBe(place.liveOid);
    expect(parseNote(found[place.old]?.comment ?? null)).toMatchObject({
      state: "old",
      environment: "production",
      database: "app",
      backup: world.backup,
      plan: place.plan.plan,
      replacedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
    const facts = new Map(applied.steps.map(({ step, facts }) => [step.id, facts]));
    expect(facts.get("app.load")).toMatchObject({ name: place.side, tables: 3, failures: [], loaded: true });
    expect(facts.get("app.check")).toEqual({ name: place.side, tables: 3, checks: 1 }); // no row was counted
    expect(facts.get("app.swap")).toMatchObject({
      live: place.live,
      liveOid: found[place.live]?.oid,
      old: place.old,
      oldOid: place.liveOid,
    });
  });

  it("takes a name that nothing had", async () => {
    const place = await world.place();
    await world.cluster.psql("postgres", `DROP DATABASE "${place.live}"`);
    const { properties } = await foundIn(place.ports, "app");
    const plan = withSteps(place, (step) =>
      step.kind === "swap" && step.type === "database"
        ? { ...step, effect: "add", expect: { liveOid: null }, properties }
        : step,
    );
    const applied = mustApply(await place.apply({ plan }));
    expect(applied.steps.at(-1)?.facts).toMatchObject({ live: place.live, old: null, oldOid: null });
    expect(Object.keys(await databasesOf(world, place))).toEqual([place.live]);
  });

  it("that was applied does nothing again", async () => {
    const place = await world.place();
    mustApply(await place.apply());
    const before = await databasesOf(world, place);
    expect(outcomesOf(await place.apply()).every((one) => one.endsWith(" earlier"))).toBe(true);
    expect(await databasesOf(world, place)).toEqual(before);
  });
});

describe("a dry run", () => {
  it("finds every step waiting for what comes before it, and changes nothing", async () => {
    const place = await world.place();
    const before = await databasesOf(world, place);
    expect(await standings(place)).toEqual([
      "app.create ready",
      "app.download ready",
      "app.decrypt ready",
      "app.load waiting app.create",
      "app.analyze waiting app.load",
      "app.check waiting app.load",
      "app.swap waiting app.load",
    ]);
    expect(await databasesOf(world, place)).toEqual(before);
  });

  it("says that the database under the name is another one by now", async () => {
    const place = await world.place();
    await world.cluster.psql("postgres", `DROP DATABASE "${place.live}"`);
    await world.cluster.psql("postgres", `CREATE DATABASE "${place.live}"`);
    const swap = (await rehearsed(place)).find(({ step }) => step.kind === "swap");
    expect(swap).toMatchObject({ standing: "blocked", problem: { code: "TARGET_CHANGED" } });
  });

  it("says that the server is another one by now", async () => {
    const place = await world.place();
    const targets = { stores: {}, databases: { app: { ...identityOf(place), systemIdentifier: "1" } } };
    const [create] = await rehearsed({ ...place, plan: { ...place.plan, targets } });
    expect(create).toMatchObject({
      standing: "blocked",
      problem: {
        code: "TARGET_CHANGED",
        fix: expect.stringMatching(
          /dbops plan production restore --database app --at \d{8}_\d{6} --store primary$/,
        ),
      },
    });
  });
});

describe("the side database of another plan", () => {
  it("is never touched", async () => {
    const place = await world.place();
    const { like } = stepOf(place, "create");
    const target = place.ports.restoreTarget("app");
    const note = {
      state: "side",
      environment: "production",
      database: "app",
      backup: world.backup,
      plan: "f".repeat(64),
      replacedAt: null,
    } as const;
    await target.create(place.side, like, note, never);
    const before = await databasesOf(world, place);
    expect(failureOf(await place.apply(), "app.create")).toMatchObject({
      code: "DATABASE_EXISTS",
      detail: expect.stringContaining("plan ffffffffffff"),
    });
    expect(await databasesOf(world, place)).toEqual(before);
  });
});

type Placed = Awaited<ReturnType<RestoreWorld["place"]>>;

async function rehearsed({ plan, ports }: Pick<Placed, "plan" | "ports">) {
  return rehearsePlan(plan, { ports, handlers, history: new History(), signal: never });
}

async function standings(place: Placed): Promise<readonly string[]> {
  return (await rehearsed(place)).map(({ step, standing, detail }) =>
    [step.id, standing, ...(detail === null ? [] : [detail])].join(" "),
  );
}

function identityOf({ plan }: Placed) {
  const { app } = plan.targets.databases;
  if (app === undefined) throw new Error("no target");
  return app;
}

async function foundIn(ports: Placed["ports"], name: string) {
  const found = await ports.restoreTarget("app").find(name, never);
  if (found === null) throw new Error(`no ${name}`);
  return found;
}
