import { expect } from "vitest";
import type { SwapDatabaseStep } from "../../src/model/restore-steps.ts";
import { readPlan } from "./plan-text.ts";
import { type Place, type RestorableWorld, restoredIn } from "./restorable-world.ts";
import { filesOf } from "./store-files.ts";

/** The databases of the plan in `r.yaml` that are there now: `live=old oid` and so on, sorted by their part. */
export async function databasesOfPlan(world: RestorableWorld, place: Place): Promise<string> {
  const swap = await swapOf(place);
  const parts = [
    ["live", swap.live],
    ["old", swap.old],
    ["side", swap.side],
  ] as const;
  const found = await world.cluster.psql("postgres", "SELECT oid, datname FROM pg_database");
  const oidOf = new Map(
    found.split("\n").map((line) => [line.slice(line.indexOf("|") + 1), line.split("|")[0]]),
  );
  const then = String(swap.expect.liveOid);
  return parts
    .filter(([, name]) => oidOf.has(name))
    .map(([part, name]) => `${part}${oidOf.get(name) === then ? " as before" : ""}`)
    .join(", ");
}

/** The swap of the plan in `r.yaml`. */
export async function swapOf(place: Place): Promise<SwapDatabaseStep> {
  const { steps } = await readPlan(place, "r.yaml");
  const swap = steps.find((step) => step.kind === "swap");
  if (swap?.kind !== "swap" || swap.type !== "database") throw new Error("the plan swaps nothing");
  return swap;
}

/** Nothing has another name yet, and what was there is as it was left. */
export async function expectUntouched(world: RestorableWorld, place: Place): Promise<void> {
  expect(await databasesOfPlan(world, place)).toMatch(/^live as before(, side)?$/);
  expect(await world.cluster.psql(place.live, "SELECT count(*) FROM junk")).toBe("0");
}

/** The plan is through: an equal database, one swap, nothing left over, a journal that is whole. */
export async function expectRestoredOnce(world: RestorableWorld, place: Place): Promise<void> {
  expect(await databasesOfPlan(world, place)).toBe("live, old as before");
  const found = await restoredIn(world.cluster, place.live);
  expect(found.checksums).toBe(world.original.checksums);
  expect(found.properties).toBe(world.original.properties);
  expect(found.text === world.original.text).toBe(true); // megabytes, of which a diff would help nobody
  const { side } = await swapOf(place);
  const files = await filesOf(place, "primary");
  expect(files.filter((file) => file.includes(`/hold/restore-${side.split("_")[1]}`))).toEqual([]);
  expect(await place.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0, stderr: "" });
}
