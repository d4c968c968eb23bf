import { describe, expect, it } from "vitest";
import type { Backup } from "../../src/model/backup.ts";
import type { Database } from "../../src/model/environment.ts";
import type { Planned } from "../../src/model/planned.ts";
import type { MadeDatabase, MadeNote } from "../../src/model/restore-target.ts";
import { describeStep } from "../../src/plan/describe.ts";
import { type PlanOptions, plan } from "../../src/plan/plan.ts";
import { backupAt, DAILY, database, daysAgo, environment, NO_RULES, NOW, observation } from "./build.ts";

const NOTE: MadeNote = {
  state: "old",
  environment: "production",
  database: "trading_signals",
  backup: "production_trading_signals_20261101_010000",
  plan: "a".repeat(64),
  replacedAt: daysAgo(8),
};
const OLD: MadeDatabase = {
  name: "dbops_0a0a0a0a_old",
  oid: 30_001,
  sizeBytes: 5 * 1024 ** 3,
  note: NOTE,
};
const SIDE: MadeDatabase = { ...OLD, note: { ...NOTE, state: "side", replacedAt: null } };
const ADMIN = { user: "postgres", password: null, database: "postgres" };
const COVERING = backupAt("2026-11-24T01:00:07.000Z");

interface World extends Partial<PlanOptions> {
  readonly declared?: Partial<Database>;
  readonly stores?: Readonly<Record<string, readonly Backup[] | "unreadable">>;
}

function planned(made: readonly MadeDatabase[], { declared, stores, ...options }: World = {}): Planned {
  const seen = observation({ stores: stores ?? { primary: [COVERING] } });
  const reached = seen.databases["trading_signals"];
  if (reached?.state !== "reachable") throw new Error("it is reachable");
  const world = { ...seen, databases: { trading_signals: { ...reached, made } } };
  const file = environment({ ...database(), admin: ADMIN, ...declared });
  return plan(file, { operation: "converge" }, { observation: world, options: { now: NOW, ...options } });
}

function stepsOf(one: Planned): readonly string[] {
  return one.plan.steps.map((step) => `${step.id} ${describeStep(step)}`);
}

function told(one: Planned): readonly string[] {
  return one.notices.filter((notice) => notice.code === "REPLACED_KEPT").map((notice) => notice.detail);
}

describe("a replaced database whose grace is over", () => {
  it("is backed up, and dropped once that was verified", () => {
    const one = planned([OLD]);
    expect(stepsOf(one)).toEqual([
      expect.stringMatching(/_old\.dump \+ dump the database dbops_0a0a0a0a_old: all that it holds/),
      expect.stringMatching(/_old\.encrypt \+/),
      expect.stringMatching(/_old\.upload \+/),
      expect.stringMatching(/_old\.verify {3}verify the new backup of dbops_0a0a0a0a_old in primary/),
      expect.stringMatching(
        /_old\.drop ! drop the database dbops_0a0a0a0a_old: what production_trading_signals_20261101_010000 replaced on 2026-11-16 10:30 UTC, its grace of 7d is over; frees 5\.0 GiB$/,
      ),
    ]);
    const prefix = "trading_signals.dbops_0a0a0a0a_old";
    const [dump, , upload, , drop] = one.plan.steps;
    expect(dump).toMatchObject({ of: { name: OLD.name, oid: OLD.oid }, origin: "safety", slotAt: null });
    expect(upload).toMatchObject({ estimatedBytes: OLD.sizeBytes });
    expect(drop).toMatchObject({
      effect: "destroy",
      pointOfNoReturn: true,
      needs: [`${prefix}.verify`],
      expect: { oid: OLD.oid, backup: { made: `${prefix}.upload` } },
    });
    expect(one.plan.targets.databases).toHaveProperty("trading_signals");
    expect(told(one)).toEqual([]);
  });

  it("waits with its dump for the backup that is due, so that no two get one name, and for that of another one", () => {
    const other = { ...OLD, name: "dbops_0b0b0b0b_old", oid: 30_002 };
    const one = planned([OLD, other], { stores: { primary: [] } });
    const dumps = one.plan.steps.filter((step) => step.kind === "dump");
    expect(dumps.map((step) => [step.id, step.after])).toEqual([
      ["trading_signals.dump", []],
      ["trading_signals.dbops_0a0a0a0a_old.dump", ["trading_signals.upload"]],
      ["trading_signals.dbops_0b0b0b0b_old.dump", ["trading_signals.dbops_0a0a0a0a_old.upload"]],
    ]);
    expect(new Set(one.plan.steps.map((step) => step.id)).size).toBe(one.plan.steps.length);
  });

  it("has its backup copied into every other store that keeps such ones", () => {
    const stores = ["primary", "dr"].map((store) => ({ store, retention: NO_RULES }));
    const one = planned([OLD], {
      declared: database({ stores }),
      stores: { primary: [COVERING], dr: [COVERING] },
    });
    expect(one.plan.steps).toEqual([]);
    const both = planned([OLD], {
      declared: { ...database({ stores }), admin: ADMIN },
      stores: { primary: [COVERING], dr: [COVERING] },
    });
    expect(both.plan.steps.map((step) => step.id)).toContain("trading_signals.copy.dr.dbops_0a0a0a0a_old");
  });

  it("is dropped without a backup only when that is asked for, and the plan says so", () => {
    const one = planned([OLD], { discard: true });
    expect(stepsOf(one)).toEqual([expect.stringMatching(/_old\.drop ! .*; given up without a backup/)]);
    expect(one.plan.steps[0]).toMatchObject({ needs: [], expect: { oid: OLD.oid, backup: null } });
  });

  it("is not dumped again where its comment names the backup of a drop that did not come through", () => {
    const kept = backupAt("2026-11-24T05:00:00.000Z", { origin: "safety" });
    const noted = { ...OLD, note: { ...NOTE, keptAs: kept.name } };
    const one = planned([noted], { stores: { primary: [COVERING, kept] } });
    expect(one.plan.steps.map((step) => step.kind)).toEqual(["verify", "drop"]);
    expect(one.plan.steps[1]).toMatchObject({ expect: { backup: { existing: kept.name } } });
    const damaged = { ...kept, state: "incomplete" as const };
    for (const primary of [[COVERING], [COVERING, damaged]])
      expect(planned([noted], { stores: { primary } }).plan.steps.map((step) => step.kind)).toContain("dump");
  });

  it("is not dumped as the runbook's file, which could not say what it is of, and dropped where an archive is there", () => {
    const sql = { format: "sql", compression: { gzip: 6 }, encryption: { kind: "openssl" } } as const;
    const declared = { backup: database(sql).backup };
    const one = planned([OLD], { declared });
    expect(one.plan.steps).toEqual([]);
    expect(told(one)).toEqual([expect.stringContaining("trading_signals has format: sql")]);
    expect(one.notices.find(({ code }) => code === "REPLACED_KEPT")?.fix).toMatch(
      /\ndbops plan production --discard$/,
    );
    expect(stepsOf(planned([OLD], { declared, discard: true }))).toHaveLength(1);
    const kept = backupAt("2026-11-24T05:00:00.000Z", { origin: "safety" });
    const noted = { ...OLD, note: { ...NOTE, keptAs: kept.name } };
    const known = planned([noted], { declared, stores: { primary: [COVERING, kept] } });
    expect(known.plan.steps.map((step) => step.kind)).toEqual(["verify", "drop"]);
  });

  it.each([
    ["nobody may drop it", { declared: { admin: null } }, /trading_signals has no admin/],
    [
      "the store of its backup cannot be read",
      { stores: { primary: "unreadable" } },
      /primary cannot be read/,
    ],
    [
      "a clock is wrong",
      { stores: { primary: [COVERING, backupAt("2026-11-25T01:00:00.000Z")] } },
      /dated in the future/,
    ],
  ] satisfies [string, World, RegExp][])("stays while %s, and it is said why", (_what, world, why) => {
    const one = planned([OLD], world);
    expect(one.plan.steps.filter((step) => step.database !== "" && step.kind === "drop")).toEqual([]);
    expect(told(one)).toEqual([expect.stringMatching(why)]);
  });
});

describe("what a restore left", () => {
  it("is told until when it is kept, while its grace lasts, and stays also when the rest is discarded", () => {
    const young = { ...OLD, note: { ...NOTE, replacedAt: daysAgo(6) } };
    for (const discard of [false, true]) {
      const one = planned([young], { discard });
      expect(one.plan.steps).toEqual([]);
      expect(told(one)).toEqual([
        "dbops_0a0a0a0a_old takes 5.0 GiB and is what production_trading_signals_20261101_010000 replaced on 2026-11-18 10:30 UTC; it is kept until 2026-11-25 10:30 UTC",
      ]);
    }
  });

  it("counts its grace by the clock of the database's server", () => {
    const young = { ...OLD, note: { ...NOTE, replacedAt: daysAgo(6) } };
    const late = observation({ stores: { primary: [COVERING] } });
    const reached = late.databases["trading_signals"];
    if (reached?.state !== "reachable") throw new Error("it is reachable");
    const world = {
      ...late,
      databases: {
        trading_signals: { ...reached, clockAt: daysAgo(-2), made: [young] },
      },
    };
    const file = environment({ ...database({ schedules: [DAILY] }), admin: ADMIN });
    const one = plan(file, { operation: "converge" }, { observation: world, options: { now: NOW } });
    expect(one.plan.steps.map((step) => step.kind)).toContain("drop");
  });

  it("is only told where it was never swapped in: somebody may go on with it", () => {
    const one = planned([SIDE]);
    expect(one.plan.steps).toEqual([]);
    expect(told(one)).toEqual([
      expect.stringMatching(/did not finish loading, or still does; nothing drops/),
    ]);
    expect(one.notices[0]?.fix?.split("\n")).toEqual([
      "if nobody wants it:",
      "dbops plan production --discard",
      "to go on with it, unless its run said that the plan cannot go on:",
      `dbops apply ${NOTE.plan}`,
    ]);
  });

  it("is told with the hold that its restore placed, and what ends it, also when it is discarded", () => {
    const held = backupAt("2026-11-01T01:00:00.000Z", { holds: ["restore-0a0a0a0a", "audit"] });
    const side = { ...SIDE, note: { ...NOTE, state: "side" as const, backup: held.name, replacedAt: null } };
    const stores = { primary: [COVERING, held] };
    const release = `dbops plan production release ${held.name}`;
    const [told] = planned([side], { stores }).notices;
    expect(told?.detail).toContain(`; restore-0a0a0a0a in primary holds ${held.name}`);
    expect(told?.fix?.split("\n").slice(1, 3)).toEqual(["dbops plan production --discard", release]);
    const discarded = planned([side], { stores, discard: true });
    expect(discarded.notices).toMatchObject([{ code: "REPLACED_KEPT", fix: release }]);
  });

  it("is told also where it is only a hold: no side database was made, another one's is there, or what it replaced is", () => {
    const held = backupAt("2026-11-01T01:00:00.000Z", { holds: ["audit", "restore-0a0a0a0a"] });
    const stores = { primary: [COVERING, held], dr: [COVERING, held] };
    const declared = database({ stores: ["primary", "dr"].map((store) => ({ store, retention: NO_RULES })) });
    const other = { ...SIDE, name: "dbops_0b0b0b0b_side" };
    for (const made of [[], [other], [OLD], [{ ...SIDE, note: null }]]) {
      const { notices } = planned(made, { stores, declared });
      expect(notices.filter(({ detail }) => detail.includes("restore-0a0a0a0a"))).toEqual([
        expect.objectContaining({
          code: "REPLACED_KEPT",
          severity: "warning",
          detail: expect.stringContaining(
            `restore-0a0a0a0a in primary and dr holds ${held.name}, and no side`,
          ),
          fix: expect.stringMatching(
            new RegExp(`^when no restore of .* runs.*\\ndbops plan production release ${held.name}$`),
          ),
        }),
      ]);
    }
  });

  it("is dropped when it is discarded", () => {
    expect(stepsOf(planned([SIDE], { discard: true }))).toEqual([
      expect.stringMatching(/drop ! drop the database dbops_0a0a0a0a_old: a restore of .* without a backup/),
    ]);
  });

  it.each([
    ["is another environment's", { ...OLD, note: { ...NOTE, environment: "staging" } }],
    ["is another database's", { ...OLD, note: { ...NOTE, database: "orders" } }],
    ["says nothing", { ...OLD, note: null }],
  ] satisfies [string, MadeDatabase][])("is left alone where it %s", (_what, made) => {
    const one = planned([made], { discard: true });
    expect([stepsOf(one), told(one)]).toEqual([[], []]);
  });

  it("is not dropped where its comment does not say since when it is there", () => {
    const one = planned([{ ...OLD, note: { ...NOTE, replacedAt: null } }], { discard: true });
    expect(one.plan.steps).toEqual([]);
    expect(told(one)).toEqual([expect.stringMatching(/does not say since when/)]);
  });
});
