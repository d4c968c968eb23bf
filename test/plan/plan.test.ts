import { describe, expect, it } from "vitest";
import type { Environment } from "../../src/model/environment.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Request } from "../../src/model/plan.ts";
import type { Planned } from "../../src/model/planned.ts";
import { holdIdOf } from "../../src/plan/backup.ts";
import { configDigest } from "../../src/plan/config-digest.ts";
import { type PlanOptions, plan } from "../../src/plan/plan.ts";
import { DbopsError } from "../../src/problems/dbops-error.ts";
import {
  backupAt,
  DAY_MS,
  database,
  daysAgo,
  environment,
  NO_RULES,
  NOW,
  nameAt,
  observation,
} from "./build.ts";
import { applied } from "./simulate.ts";

const FILE = environment(database());
const EMPTY = observation({ stores: { primary: [] } });

function planned(
  request: Request = { operation: "converge" },
  more: { file?: Environment; seen?: Observation; options?: Partial<PlanOptions> } = {},
): Planned {
  const options = { now: NOW, ...more.options };
  return plan(more.file ?? FILE, request, { observation: more.seen ?? EMPTY, options });
}

function refusal(request: Request, more: { file?: Environment; seen?: Observation } = {}): string {
  try {
    planned(request, more);
  } catch (error) {
    if (error instanceof DbopsError) return `${error.problems[0]?.code} ${error.problems[0]?.detail}`;
    throw error;
  }
  return "accepted";
}

describe("the header of a plan", () => {
  it("expires after 24 hours, or after the time that was asked for", () => {
    expect(planned().plan.expiresAt).toBe("2026-11-25T10:30:00.000Z");
    expect(planned(undefined, { options: { expiresMs: 7 * DAY_MS } }).plan.expiresAt).toBe(
      "2026-12-01T10:30:00.000Z",
    );
    expect(planned(undefined, { options: { expiresMs: null } }).plan.expiresAt).toBe(
      "2026-11-25T10:30:00.000Z",
    );
  });

  it("names the identity of what its steps touch, and of the store with the records", () => {
    expect(planned().plan.targets).toEqual({
      stores: { primary: "id-primary" },
      databases: {
        trading_signals: {
          endpoint: "db:5432",
          database: "trading_signals",
          systemIdentifier: "7000000000000000001",
          oid: 16384,
        },
      },
    });
    const settled = observation({ stores: { primary: [backupAt(NOW)] } });
    expect(planned(undefined, { seen: settled }).plan.targets).toEqual({
      stores: { primary: "id-primary" },
      databases: {},
    });
  });

  it("opens every archive when it is to verify deeply", () => {
    const steps = planned(undefined, { options: { deep: true } }).plan.steps;
    expect(
      steps.flatMap((one) => (one.kind === "verify" && one.type === "backup" ? [one.deep] : [])),
    ).toEqual([true]);
  });
});

describe("the digest of the configuration", () => {
  const { steps } = planned().plan;
  const digest = configDigest(FILE, steps);

  it("changes with a database or store that the steps name", () => {
    expect(configDigest(environment(database({ compression: "none" })), steps)).not.toBe(digest);
    const moved = { ...FILE, stores: [{ kind: "file", name: "primary", path: "/elsewhere" }] } as const;
    expect(configDigest(moved, steps)).not.toBe(digest);
  });

  it("stays the same beside another database, another protection, or in another checkout", () => {
    expect(configDigest(environment(database(), database({}, "other")), steps)).toBe(digest);
    expect(configDigest({ ...FILE, protected: true }, steps)).toBe(digest);
    const elsewhere = { kind: "file", name: "primary", path: "/home/ci/var/primary" } as const;
    expect(configDigest({ ...FILE, baseFolder: "/home/ci", stores: [elsewhere] }, steps)).toBe(digest);
  });
});

describe("what could not be looked at", () => {
  it("is a problem when the observation says nothing of a store, a listing or a database", () => {
    const codes = (seen: Observation) =>
      planned(undefined, { seen }).problems.map((one) => `${one.code} ${one.detail}`);
    expect(codes({ ...EMPTY, stores: {} })).toContain("STORE_UNREADABLE primary was not looked at");
    const bare = { state: "readable", storeId: "id", clockAt: NOW, listings: {} } as const;
    expect(codes({ ...EMPTY, stores: { primary: bare } })).toEqual([
      "STORE_UNREADABLE trading_signals was not listed in primary",
    ]);
    expect(codes({ ...EMPTY, databases: {} })).toEqual([
      "DATABASE_UNREACHABLE trading_signals was not looked at",
    ]);
  });

  it("plans no backup where the first store has no listing", () => {
    const bare = { state: "readable", storeId: "id", clockAt: NOW, listings: {} } as const;
    expect(planned(undefined, { seen: { ...EMPTY, stores: { primary: bare } } }).plan.steps).toEqual([]);
  });

  it("is refused when it was observed in another environment", () => {
    expect(refusal({ operation: "converge" }, { seen: { ...EMPTY, environment: "staging" } })).toMatch(
      /^USAGE/,
    );
  });
});

describe("a backup that was asked for", () => {
  const ask = { operation: "backup", database: null, label: null, hold: false, store: null } as const;

  it("is made although nothing is due, and deletes nothing", () => {
    const file = environment(
      database({ stores: [{ store: "primary", retention: { ...NO_RULES, daily: 1 } }] }),
    );
    const seen = observation({ stores: { primary: [backupAt(NOW), backupAt(daysAgo(1))] } });
    const { steps } = planned(ask, { file, seen }).plan;
    expect(steps.map((one) => one.kind)).toEqual(["dump", "encrypt", "upload", "verify"]);
    expect(steps[0]).toMatchObject({ origin: "forced", slotAt: null });
  });

  it("covers no slot", () => {
    const after = applied(FILE, planned(ask).plan, { observation: EMPTY, at: NOW });
    expect(planned(undefined, { seen: after }).plan.steps.map((one) => one.kind)).toContain("dump");
  });

  it("is refused for a database or store that there is not", () => {
    expect(refusal({ ...ask, database: "trading" })).toBe(
      'USAGE environments/production.yaml has no database "trading"; it has trading_signals',
    );
    expect(refusal({ ...ask, store: "dr" })).toBe(
      'USAGE trading_signals is not kept in a store "dr"; its stores are primary',
    );
  });

  it("gets the id of its hold from the label, else from the day", () => {
    expect(holdIdOf("Before migration 42!", NOW)).toBe("before-migration-42");
    expect(holdIdOf("Zurück: Größe", NOW)).toBe("zuru-ck-gro-e");
    expect(holdIdOf(null, NOW)).toBe("hold-20261124");
    expect(holdIdOf("???", NOW)).toBe("hold-20261124");
    expect(holdIdOf("x".repeat(200), NOW)).toHaveLength(60);
  });
});

describe("the end of a hold", () => {
  const held = backupAt(daysAgo(5), { holds: ["a", "b"] });
  const seen = observation({ stores: { primary: [backupAt(NOW), held, backupAt(daysAgo(9))] } });

  it("is one step for each hold, by name or by stamp", () => {
    const byName = planned({ operation: "release", backup: held.name }, { seen }).plan;
    expect(byName.steps.map((one) => one.id)).toEqual([
      "trading_signals.release.primary.a",
      "trading_signals.release.primary.b",
    ]);
    expect(planned({ operation: "release", backup: "20261119_103000" }, { seen }).plan.steps).toEqual(
      byName.steps,
    );
  });

  it("is nothing for a backup that is not held", () => {
    expect(planned({ operation: "release", backup: nameAt(NOW) }, { seen }).plan.steps).toEqual([]);
  });

  it("is refused for a backup that there is not, naming the nearest in time", () => {
    expect(refusal({ operation: "release", backup: "20261118_000000" }, { seen })).toBe(
      `BACKUP_UNKNOWN there is no backup 20261118_000000; the nearest are ${held.name}, ${nameAt(daysAgo(9))}, ${nameAt(NOW)}`,
    );
  });

  it("lets retention decide again", () => {
    const file = environment(
      database({ stores: [{ store: "primary", retention: { ...NO_RULES, daily: 2 } }] }),
    );
    const world = observation({
      stores: {
        primary: [0, 1, 2].map((days) => backupAt(daysAgo(days), days === 2 ? { holds: ["a"] } : {})),
      },
    });
    expect(planned(undefined, { file, seen: world }).plan.steps).toEqual([]);
    const release = planned({ operation: "release", backup: nameAt(daysAgo(2)) }, { file, seen: world }).plan;
    const after = applied(file, release, { observation: world, at: NOW });
    expect(planned(undefined, { file, seen: after }).plan.steps.map((one) => one.id)).toEqual([
      "trading_signals.prune.primary.20261122_103000",
    ]);
  });
});

describe("an orphan", () => {
  const prune = { operation: "prune", database: null, orphan: "shop" } as const;
  const shop = [0, 1].map((days) => backupAt(daysAgo(days), { database: "shop" }));
  const listing = { state: "listed", backups: shop, uploads: [] } as const;
  const store = { state: "readable", storeId: "id", clockAt: NOW, listings: { shop: listing } } as const;

  it("is refused when its database is in the file", () => {
    expect(refusal({ ...prune, orphan: "trading_signals" })).toMatch(
      /^USAGE trading_signals is in environments/,
    );
  });

  it("is refused when no store has it, naming those there are", () => {
    expect(refusal(prune)).toBe("BACKUP_UNKNOWN no store has a backup of shop; there are none");
    const seen = { ...EMPTY, stores: { primary: store } };
    expect(refusal({ ...prune, orphan: "shopp" }, { seen })).toMatch(/orphaned are shop$/);
  });

  it("keeps everything while any store cannot be read", () => {
    const other = observation({ stores: { dr: "unreadable" } }).stores;
    const file = environment(
      database({ stores: ["primary", "dr"].map((name) => ({ store: name, retention: NO_RULES })) }),
    );
    const seen = { ...EMPTY, stores: { primary: store, ...other } };
    const found = planned(prune, { file, seen, options: { allowLargePrune: true } });
    expect(found.plan.steps).toEqual([]);
    expect(found.problems.map((one) => one.code)).toEqual(["STORE_UNREADABLE"]);
    expect(found.notices.map((one) => one.detail)).toEqual(["nothing of shop is deleted: dr cannot be read"]);
  });
});

describe("a plan over many backups", () => {
  it("says for each of 10,000 whether it stays", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => backupAt(daysAgo(index / 24)));
    const file = environment(
      database({
        stores: [{ store: "primary", retention: { ...NO_RULES, withinMs: 2 * DAY_MS, daily: 300 } }],
      }),
    );
    const seen = observation({ stores: { primary: many } });
    const { decisions, plan } = planned(undefined, { file, seen, options: { allowLargePrune: true } });
    expect(decisions).toHaveLength(10_000);
    expect(plan.summary.destroy).toBe(10_000 - 300 - 48 + 2);
  });
});
