import { describe, expect, it } from "vitest";
import type { Backup } from "../../../src/model/backup.ts";
import type { Environment } from "../../../src/model/environment.ts";
import type { RestoreRequest } from "../../../src/model/plan.ts";
import { type Chosen, chooseBackup } from "../../../src/plan/restore/choose-backup.ts";
import { DbopsError } from "../../../src/problems/dbops-error.ts";
import type { Problem } from "../../../src/problems/problem.ts";
import { backupAt, database, environment, NO_RULES, NOW, observation, type Seen } from "../build.ts";
import { restoreRequest } from "./build.ts";

const ONE = environment(database());
const TWO = environment(
  database({
    stores: [
      { store: "primary", retention: NO_RULES },
      { store: "dr", retention: NO_RULES },
    ],
  }),
);
const MONDAY = backupAt("2026-11-23T01:00:07.000Z");
const TUESDAY = backupAt("2026-11-24T01:00:07.000Z");

describe("the newest", () => {
  it("is the newest complete one, out of the first store that has it", () => {
    const chosen = choose({ primary: [MONDAY], dr: [MONDAY, TUESDAY] }, { environment: TWO });
    expect(chosen.candidates.map((one) => [one.store, one.backup.name])).toEqual([["dr", TUESDAY.name]]);
    const both = choose({ primary: [TUESDAY], dr: [TUESDAY] }, { environment: TWO });
    expect(both.candidates[0]).toMatchObject({ store: "primary", alsoIn: ["dr"] });
    expect(both.notices).toEqual([]);
  });

  it.each([
    ["is not complete", { state: "incomplete", etag: null }],
    ["failed its last proof", { proofs: [{ at: "2026-11-24T03:00:00.000Z", passed: false }] }],
  ] as const)("passes over one that %s, and says so", (flaw, more) => {
    const chosen = choose({ primary: [MONDAY, { ...TUESDAY, ...more }] });
    expect(chosen.candidates[0].backup.name).toBe(MONDAY.name);
    expect(details(chosen.notices)).toEqual([expect.stringContaining(`${TUESDAY.name} of`)]);
    expect(details(chosen.notices)[0]).toContain(flaw);
  });

  it("passes over one that is dated later than the clock of its store", () => {
    const ahead = backupAt("2026-11-25T01:00:07.000Z");
    const chosen = choose({ primary: [MONDAY, ahead] });
    expect(chosen.candidates[0].backup.name).toBe(MONDAY.name);
    expect(chosen.notices.map((one) => one.code)).toEqual(["CLOCK_AHEAD"]);
  });

  it("passes over a name that stands for two backups", () => {
    const chosen = choose({ primary: [MONDAY, TUESDAY, classic(TUESDAY)] });
    expect(chosen.candidates[0].backup.name).toBe(MONDAY.name);
    expect(details(chosen.notices)[0]).toContain("stands for two backups");
  });

  it("may not be the newest while a store cannot be read", () => {
    const chosen = choose({ primary: "unreadable", dr: [MONDAY] }, { environment: TWO });
    expect(chosen.candidates[0].store).toBe("dr");
    expect(details(chosen.notices)[0]).toContain("primary could not be looked at, and may have a newer one");
  });

  it("is none where nothing can be used, and why is said", () => {
    expect(refusal(() => choose({ primary: [{ ...MONDAY, state: "incomplete" }] }))).toMatchObject({
      code: "BACKUP_UNKNOWN",
      detail: expect.stringContaining(`${MONDAY.name} is not complete`),
      fix: "dbops backups production",
    });
    expect(refusal(() => choose({ primary: "unreadable" })).detail).toContain("primary cannot be read");
  });
});

describe("a moment", () => {
  it("takes what is named at or before it", () => {
    expect(names(at("2026-11-24T01:00:07Z"))).toEqual([TUESDAY.name]);
    expect(names(at("2026-11-24T01:00:05Z"))).toEqual([MONDAY.name]);
    expect(names(at("2026-11-24T02:00:07+01:00"))).toEqual([TUESDAY.name]);
  });

  it("leaves a backup that is named within the same second to its manifest, with the one before behind it", () => {
    expect(names(at("2026-11-24T01:00:06.4Z"))).toEqual([TUESDAY.name, MONDAY.name]);
    expect(names(at("2026-11-24T01:00:06Z"))).toEqual([MONDAY.name]);
    expect(names(at("2026-11-24T01:00:06.000001Z"))).toEqual([TUESDAY.name, MONDAY.name]);
  });

  it("before the first backup is refused with the time of the first", () => {
    expect(refusal(() => at("2026-11-01T00:00:00Z"))).toMatchObject({
      code: "BACKUP_UNKNOWN",
      detail: `no backup of trading_signals was taken at or before 2026-11-01 00:00:00 UTC; the first one is ${MONDAY.name} of 2026-11-23 01:00:07 UTC`,
    });
  });

  it("that lies ahead gives the newest, and is told", () => {
    const chosen = at("2026-12-24T01:00:00Z");
    expect(names(chosen)).toEqual([TUESDAY.name]);
    expect(details(chosen.notices)[0]).toContain("lies ahead");
  });

  it("cannot be kept strictly by a file of the scripts, which is named before it is dumped, and can by one that dbops wrote", () => {
    const request = { point: { at: "2026-11-24T00:00:00Z" } };
    const chosen = choose({ primary: [classic(MONDAY)] }, request);
    expect(details(chosen.notices)[0]).toContain("may be from after 2026-11-24 00:00:00 UTC");
    const own = choose({ primary: [{ ...classic(MONDAY), origin: "scheduled" }] }, request);
    expect(own.notices).toEqual([]);
  });

  it("needs a zone", () => {
    expect(refusal(() => at("2026-11-24T01:00:00")).detail).toContain("it lacks its zone, Z for UTC");
  });

  function at(text: string): Chosen {
    return choose({ primary: [MONDAY, TUESDAY] }, { point: { at: text } });
  }
});

describe.each(["safety", "forensic"] as const)("a %s backup", (origin) => {
  const aside: Backup = { ...TUESDAY, origin };

  it("is never the newest one, nor the newest before a moment: it is newer than what it holds", () => {
    for (const at of ["latest", "2026-11-24T09:00:00Z"]) {
      const chosen = choose({ primary: [MONDAY, aside] }, { point: { at } });
      expect(names(chosen)).toEqual([MONDAY.name]);
      expect(chosen.notices).toEqual([
        expect.objectContaining({
          code: "RESTORE_NOTICE",
          detail: expect.stringContaining(`it is a ${origin} backup, restored only by its name`),
        }),
      ]);
    }
    expect(refusal(() => choose({ primary: [aside] }, { point: { at: "latest" } })).code).toBe(
      "BACKUP_UNKNOWN",
    );
  });

  it("is restored by its name", () => {
    for (const point of [{ at: "20261124_010007" }, { file: TUESDAY.name }]) {
      const chosen = choose({ primary: [MONDAY, aside] }, { point });
      expect([names(chosen), chosen.notices]).toEqual([[TUESDAY.name], []]);
    }
  });
});

describe("a backup that is named", () => {
  it.each([
    { at: "20261123_010007" },
    { file: MONDAY.name },
    { file: `${MONDAY.name}.dump.zst.age` },
    { file: `${MONDAY.name}.dump` },
  ])("is taken: %o", (point) => {
    const chosen = choose({ primary: [MONDAY, TUESDAY] }, { point });
    expect(names(chosen)).toEqual([MONDAY.name]);
    expect(chosen.notices).toEqual([]);
  });

  it.each(["../x", "/etc/passwd", `trading_signals/20261123_010007/${MONDAY.name}.dump`, "..", "a\\b"])(
    "is never outside the prefix: %s",
    (file) => {
      const one = refusal(() => choose({ primary: [MONDAY] }, { point: { file } }));
      expect(one).toMatchObject({ code: "USAGE", detail: expect.stringContaining("is a path") });
    },
  );

  it("is looked for in its own environment and database only", () => {
    const other = { file: "staging_trading_signals_20261123_010007" };
    expect(refusal(() => choose({ primary: [MONDAY] }, { point: other })).fix).toContain("--from staging");
    const orders = { file: "production_orders_20261123_010007" };
    expect(refusal(() => choose({ primary: [MONDAY] }, { point: orders })).code).toBe("USAGE");
  });

  it("but is not there, is refused with the nearest ones", () => {
    expect(
      refusal(() => choose({ primary: [MONDAY, TUESDAY] }, { point: { at: "20261123_020000" } })),
    ).toMatchObject({
      code: "BACKUP_UNKNOWN",
      detail: `there is no backup production_trading_signals_20261123_020000; the nearest are ${MONDAY.name}, ${TUESDAY.name}`,
      fix: "dbops backups production",
    });
  });

  it("but is incomplete, is said to be incomplete", () => {
    const broken: Backup = { ...TUESDAY, state: "incomplete" };
    const one = refusal(() => choose({ primary: [MONDAY, broken] }, { point: { at: "20261124_010007" } }));
    expect(one.code).toBe("BACKUP_INCOMPLETE");
    expect(one.detail).toContain(
      `it has a manifest, but not every object; the nearest complete ones are ${MONDAY.name}`,
    );
  });

  it("and stands for two, must be told apart by its file", () => {
    const seen = { primary: [MONDAY, classic(MONDAY)] };
    expect(refusal(() => choose(seen, { point: { at: "20261123_010007" } })).code).toBe("USAGE");
    const chosen = choose(seen, { point: { file: `${MONDAY.name}.sql.gz.enc` } });
    expect(chosen.candidates[0].backup.layout).toBe("classic");
    const own = choose(seen, { point: { file: `${MONDAY.name}.dump` } });
    expect(own.candidates[0].backup.layout).toBe("directory");
  });

  it("is read from the store that was asked for", () => {
    const seen = { primary: [MONDAY], dr: [MONDAY] };
    expect(choose(seen, { environment: TWO, store: "dr" }).candidates[0].store).toBe("dr");
    expect(refusal(() => choose(seen, { environment: TWO, store: "attic" })).detail).toContain(
      "its stores are primary, dr",
    );
    const one = refusal(() => choose({ primary: [MONDAY], dr: [] }, { environment: TWO, store: "dr" }));
    expect(one.detail).toBe("trading_signals has no backup that can be restored in dr");
  });
});

it("asks which database where there are several", () => {
  const several = environment(database(), database({}, "orders"));
  expect(refusal(() => choose({ primary: [MONDAY] }, { environment: several })).fix).toContain("--database");
  const named = choose({ primary: [MONDAY] }, { environment: several, point: { file: MONDAY.name } });
  expect(named.database).toBe("trading_signals");
});

function choose(
  stores: Seen["stores"],
  { environment = ONE, ...more }: Partial<RestoreRequest> & { environment?: Environment } = {},
): Chosen {
  return chooseBackup(environment, restoreRequest(more), { observation: observation({ stores }), now: NOW });
}

function names(chosen: Chosen): readonly string[] {
  return chosen.candidates.map((one) => one.backup.name);
}

function details(problems: readonly Problem[]): readonly string[] {
  return problems.map((one) => one.detail);
}

function classic(backup: Backup): Backup {
  return { ...backup, layout: "classic", origin: null };
}

function refusal(act: () => unknown): Problem {
  try {
    act();
  } catch (error) {
    if (error instanceof DbopsError && error.problems[0] !== undefined) return error.problems[0];
    throw error;
  }
  throw new Error("nothing was refused");
}
