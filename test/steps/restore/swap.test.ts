import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { History } from "../../../src/apply/history.ts";
import { rehearsePlan } from "../../../src/apply/rehearse.ts";
import type { RestoreTarget } from "../../../src/ports/restore-target.ts";
import { fail } from "../../../src/problems/dbops-error.ts";
import type { StepRun } from "../../../src/steps/handler.ts";
import { handlers } from "../../../src/steps/handlers.ts";
import { swap } from "../../../src/steps/swap/swap.ts";
import { never } from "../../apply/build.ts";
import {
  databasesOf,
  failureOf,
  mustApply,
  outcomesOf,
  type Place,
  type RestoreWorld,
  startRestoreWorld,
  stepOf,
  withSteps,
} from "./world.ts";

let world: RestoreWorld;

beforeAll(async () => {
  world = await startRestoreWorld({ settings: { wal_level: "logical" } });
});

afterAll(() => world?.stop());

function withTarget(place: Place, change: (real: RestoreTarget) => Partial<RestoreTarget>) {
  const real = place.ports.restoreTarget("app");
  return { restoreTarget: (): RestoreTarget => ({ ...real, ...change(real) }) };
}

/** Everything up to the swap is done. */
async function loaded(place: Place): Promise<void> {
  const dying = withTarget(place, () => ({ swap: async () => fail("SWAP_FAILED", "not yet") }));
  failureOf(await place.apply({ ports: dying }), "app.swap");
}

describe("a swap", () => {
  it("that happened before its process died is found to be done", async () => {
    const place = await world.place();
    const dying = withTarget(place, (real) => ({
      swap: async (...args) => {
        await real.swap(...args);
        return fail("DATABASE_UNREACHABLE", "the answer was lost");
      },
    }));
    failureOf(await place.apply({ ports: dying }), "app.swap");
    const swapped = await databasesOf(world, place);
    expect(swapped[place.old]?.oid).toBe(place.liveOid);
    const again = withTarget(place, () => ({ swap: async () => fail("INTERNAL", "swapped again") }));
    const applied = mustApply(await place.apply({ ports: again }));
    expect(outcomesOf(applied).at(-1)).toBe("app.swap done");
    expect(applied.steps.at(-1)?.facts).toMatchObject({ live: place.live, oldOid: place.liveOid });
    expect(await databasesOf(world, place)).toEqual(swapped);
  });

  it("that happened is found to be done even when what it replaced was dropped since", async () => {
    const place = await world.place();
    const dying = withTarget(place, (real) => ({
      swap: async (...args) => {
        await real.swap(...args);
        return fail("DATABASE_UNREACHABLE", "the answer was lost");
      },
    }));
    failureOf(await place.apply({ ports: dying }), "app.swap");
    await world.cluster.psql("postgres", `DROP DATABASE "${place.old}"`);
    const swapped = await databasesOf(world, place);
    expect(outcomesOf(mustApply(await place.apply())).at(-1)).toBe("app.swap done");
    expect(await databasesOf(world, place)).toEqual(swapped);
  });

  it("that did not happen is done by the next attempt", async () => {
    const place = await world.place();
    await loaded(place);
    expect((await databasesOf(world, place))[place.live]?.oid).toBe(place.liveOid);
    mustApply(await place.apply());
    expect((await databasesOf(world, place))[place.old]?.oid).toBe(place.liveOid);
  });

  it("is refused when the name belongs to another database by now", async () => {
    const place = await world.place();
    await loaded(place);
    await world.cluster.psql("postgres", `DROP DATABASE "${place.live}"`);
    await world.cluster.psql("postgres", `CREATE DATABASE "${place.live}"`);
    const before = await databasesOf(world, place);
    expect(failureOf(await place.apply(), "app.swap")).toMatchObject({
      code: "TARGET_CHANGED",
      fix: expect.stringMatching(
        /dbops plan production restore --database app --at \d{8}_\d{6} --store primary$/,
      ),
    });
    expect(await databasesOf(world, place)).toEqual(before);
  });

  it("is refused when the name of what is kept is taken", async () => {
    const place = await world.place();
    await loaded(place);
    await world.cluster.psql("postgres", `CREATE DATABASE "${place.old}"`);
    expect(failureOf(await place.apply(), "app.swap").code).toBe("DATABASE_EXISTS");
  });

  it("is refused when the side database is gone, and says so instead of a bug", async () => {
    const place = await world.place();
    await loaded(place);
    await world.cluster.psql("postgres", `DROP DATABASE ${place.side}`);
    expect(failureOf(await place.apply(), "app.swap")).toMatchObject({
      code: "DATABASE_MISSING",
      detail: expect.stringContaining("is gone"),
    });
  });

  it("is refused when a replication slot would be lost that nobody accepted", async () => {
    const place = await world.place();
    await loaded(place);
    await world.cluster.psql(
      place.live,
      "SELECT pg_create_logical_replication_slot('kept_slot', 'test_decoding')",
    );
    try {
      expect(failureOf(await place.apply(), "app.swap")).toMatchObject({
        code: "RESTORE_BLOCKED",
        detail: expect.stringContaining("kept_slot"),
        fix: expect.stringMatching(
          /restore --database app --at \d{8}_\d{6} --store primary --accept-slot-loss$/,
        ),
      });
      const seen = await rehearsePlan(place.plan, {
        ports: place.ports,
        handlers,
        history: new History(),
        signal: never,
      });
      expect(seen.at(-1)).toMatchObject({ standing: "blocked", problem: { code: "RESTORE_BLOCKED" } });
    } finally {
      await world.cluster.psql("postgres", "SELECT pg_drop_replication_slot('kept_slot')");
    }
  });

  it("that would be refused lets nothing be made for it", async () => {
    const place = await world.place();
    await world.cluster.psql("postgres", `DROP DATABASE "${place.live}"`);
    await world.cluster.psql("postgres", `CREATE DATABASE "${place.live}"`);
    const before = await databasesOf(world, place);
    expect(failureOf(await place.apply(), "app.create").code).toBe("TARGET_CHANGED");
    expect(await databasesOf(world, place)).toEqual(before);
  });

  it("changes nothing when its lock was lost just before", async () => {
    const place = await world.place();
    await loaded(place);
    const before = await databasesOf(world, place);
    const run: StepRun = {
      ports: place.ports,
      plan: place.plan,
      signal: never,
      journaled: () => null,
      leaseHolder: async () => null,
      note: async () => undefined,
      assertHeld: async () => fail("LOCK_LOST", "app"),
      progress: () => undefined,
    };
    await expect(swap.execute(stepOf(place, "swap"), run)).rejects.toThrow(/the lock was lost/);
    expect(await databasesOf(world, place)).toEqual(before);
  });

  it("of a plan without a target is refused", async () => {
    const place = await world.place();
    const { plan } = place;
    const aimless = withSteps({ plan: { ...plan, targets: { stores: {}, databases: {} } } }, (step) => step);
    expect(failureOf(await place.apply({ plan: aimless }), "app.create").code).toBe("PLAN_INVALID");
  });
});
