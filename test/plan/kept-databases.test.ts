import { expect, it } from "vitest";
import type { MadeDatabase } from "../../src/model/restore-target.ts";
import { plan } from "../../src/plan/plan.ts";
import { backupAt, database, daysAgo, environment, NOW, observation } from "./build.ts";

const OLD: MadeDatabase = {
  name: "dbops_0a0a0a0a_old",
  oid: 30_001,
  sizeBytes: 5 * 1024 ** 3,
  note: {
    state: "old",
    environment: "production",
    database: "trading_signals",
    backup: "production_trading_signals_20261101_010000",
    plan: "a".repeat(64),
    replacedAt: daysAgo(8),
  },
};

it("tells a replaced database whose grace is over, with its size and since when", () => {
  expect(told([OLD])).toEqual([
    "dbops_0a0a0a0a_old takes 5.0 GiB and is what production_trading_signals_20261101_010000 replaced on 2026-11-16 10:30 UTC; it was to be kept for 7d",
  ]);
});

it.each([
  ["is in its grace", { ...OLD, note: { ...note(), replacedAt: daysAgo(6) } }],
  ["is another environment's", { ...OLD, note: { ...note(), environment: "staging" } }],
  ["is another database's", { ...OLD, note: { ...note(), database: "orders" } }],
  ["is being loaded", { ...OLD, note: { ...note(), state: "side", replacedAt: null } }],
  ["says nothing", { ...OLD, note: null }],
] satisfies [string, MadeDatabase][])("leaves one alone that %s", (_what, made) => {
  expect(told([made])).toEqual([]);
});

function told(made: readonly MadeDatabase[]): readonly string[] {
  const seen = observation({ stores: { primary: [backupAt("2026-11-24T01:00:07.000Z")] } });
  const reached = seen.databases["trading_signals"];
  if (reached?.state !== "reachable") throw new Error("it is reachable");
  const world = { ...seen, databases: { trading_signals: { ...reached, made } } };
  const planned = plan(
    environment(database()),
    { operation: "converge" },
    { observation: world, options: { now: NOW } },
  );
  expect(planned.plan.steps).toEqual([]);
  return planned.notices.filter((one) => one.code === "REPLACED_KEPT").map((one) => one.detail);
}

function note(): NonNullable<MadeDatabase["note"]> {
  if (OLD.note === null) throw new Error("it has one");
  return OLD.note;
}
