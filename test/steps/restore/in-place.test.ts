import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { History } from "../../../src/apply/history.ts";
import { rehearsePlan } from "../../../src/apply/rehearse.ts";
import { markerName } from "../../../src/model/aside-schema.ts";
import type { Plan } from "../../../src/model/plan.ts";
import type { SwapSchemasStep } from "../../../src/model/restore-steps.ts";
import type { Step } from "../../../src/model/step.ts";
import type { InPlaceTarget } from "../../../src/ports/in-place-target.ts";
import type { RestoreTarget } from "../../../src/ports/restore-target.ts";
import { fail } from "../../../src/problems/dbops-error.ts";
import { handlers } from "../../../src/steps/handlers.ts";
import { never } from "../../apply/build.ts";
import {
  failureOf,
  mustApply,
  outcomesOf,
  type Place,
  type RestoreWorld,
  startRestoreWorld,
  withSteps,
} from "./world.ts";

let world: RestoreWorld;

beforeAll(async () => {
  world = await startRestoreWorld({ settings: { wal_level: "logical" } });
});

afterAll(() => world?.stop());

/** The plan of a place, into its live database. */
async function inPlace(place: Place): Promise<Plan> {
  const { live, liveOid } = place;
  const target = place.ports.restoreTarget("app");
  const inside = await target.inPlace.inspect({ name: live, oid: liveOid }, never);
  const marker = markerName(live);
  const schemas = (id: string, rest: Partial<SwapSchemasStep>): Step => ({
    id,
    kind: "swap",
    type: "schemas",
    effect: "change",
    why: "a test",
    needs: [],
    after: [],
    database: "app",
    direction: "aside",
    live,
    backup: world.backup,
    marker,
    moves: null,
    expect: { liveOid },
    lostSlots: [],
    ...rest,
  });
  const moves = {
    schemas: inside.schemas.map(({ name, oid }) => ({ name, oid })),
    stays: [],
    made: [{ name: "public", owner: "pg_database_owner" }],
    extensions: [],
    closes: true,
    hasLargeObjects: false,
  };
  const plan = withSteps(place, (step) => {
    if (step.kind === "create") return schemas("app.create", { moves });
    if (step.kind === "swap") return schemas("app.swap", { direction: "keep", needs: ["app.check"] });
    if (step.kind === "load") return { ...step, into: live, marker };
    return "name" in step && step.name === place.side ? ({ ...step, name: live } as Step) : step; // only its name differs
  });
  const back = schemas("app.back", { direction: "back", needs: ["app.create"], after: ["app.swap"] });
  return withSteps({ plan: { ...plan, steps: [...plan.steps, back] } }, (step) => step);
}

function withInPlace(place: Place, change: (real: InPlaceTarget) => Partial<InPlaceTarget>) {
  const real = place.ports.restoreTarget("app");
  return {
    restoreTarget: (): RestoreTarget => ({ ...real, inPlace: { ...real.inPlace, ...change(real.inPlace) } }),
  };
}

const NOT_YET = () => ({ keep: async () => fail("SWAP_FAILED", "not yet") });

describe("a restore in place", () => {
  it("that was checked is never given up, whatever happens to its end", async () => {
    const place = await world.place();
    const plan = await inPlace(place);
    const ended = await place.apply({ plan, ports: withInPlace(place, NOT_YET) });
    expect(failureOf(ended, "app.swap").code).toBe("SWAP_FAILED");
    expect(outcomesOf(ended).at(-1)).toBe("app.back done");
    expect(await world.cluster.psql(place.live, "SELECT count(*) FROM signals")).toBe("5000");
    mustApply(await place.apply({ plan }));
    expect(await world.cluster.psql(place.live, "SELECT count(*) FROM signals")).toBe("5000");
  });

  it("whose end was done before its process died is found to be done", async () => {
    const place = await world.place();
    const plan = await inPlace(place);
    const dying = withInPlace(place, (real) => ({
      keep: async (...args) => {
        await real.keep(...args);
        return fail("DATABASE_UNREACHABLE", "the answer was lost");
      },
    }));
    failureOf(await place.apply({ plan, ports: dying }), "app.swap");
    const again = withInPlace(place, () => ({ keep: async () => fail("INTERNAL", "kept again") }));
    expect(mustApply(await place.apply({ plan, ports: again })).steps.at(-2)).toMatchObject({
      evidence: expect.stringContaining("says that it is in use"),
    });
  });

  it("loads nothing when its marker is gone, though its schemas were moved", async () => {
    const place = await world.place();
    const plan = await inPlace(place);
    const dying = withInPlace(place, () => ({ moveBack: async () => fail("SWAP_FAILED", "not yet") }));
    const broken = {
      ...dying.restoreTarget(),
      load: async () => fail("LOAD_FAILED", "the server went away"),
    };
    failureOf(await place.apply({ plan, ports: { restoreTarget: () => broken } }), "app.load");
    await world.cluster.psql(place.live, `DROP SCHEMA ${markerName(place.live)}`);
    const refused = await place.apply({ plan });
    expect(failureOf(refused, "app.load")).toMatchObject({
      code: "TARGET_CHANGED",
      detail: expect.stringContaining("is gone"),
    });
  });

  it("is rehearsed without a change", async () => {
    const place = await world.place();
    const plan = await inPlace(place);
    const steps = await rehearsePlan(plan, {
      handlers,
      ports: place.ports,
      history: new History(),
      signal: never,
    });
    expect(steps.map(({ step, standing }) => `${step.id} ${standing}`)).toEqual(
      expect.arrayContaining([
        "app.create ready",
        "app.load waiting",
        "app.swap waiting",
        "app.back waiting",
      ]),
    );
  });

  it("begins nothing when a slot came that would send what is loaded", async () => {
    const place = await world.place();
    const plan = await inPlace(place);
    await world.cluster.psql(place.live, "SELECT pg_create_logical_replication_slot('came', 'pgoutput')");
    const refused = await place.apply({ plan });
    expect(failureOf(refused, "app.create")).toMatchObject({
      code: "RESTORE_BLOCKED",
      detail: expect.stringContaining("came"),
      fix: expect.stringContaining("--in-place"),
    });
    await world.cluster.psql(place.live, "SELECT pg_drop_replication_slot('came')");
  });
});
