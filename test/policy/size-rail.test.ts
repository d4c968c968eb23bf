import { describe, expect, it } from "vitest";
import type { Backup } from "../../src/model/backup.ts";
import type { PruneStep } from "../../src/model/step.ts";
import { planSizeRail, type Sized, sizeRail } from "../../src/policy/size-rail.ts";

const OWN: Sized = { layout: "classic", origin: "scheduled" };
const SCRIPTS: Sized = { layout: "classic", origin: null };

function some(count: number, of: Sized): readonly Sized[] {
  return Array.from({ length: count }, () => of);
}

describe("the size of a plan", () => {
  const where = { database: "trading_signals", store: "primary" };
  const all = some(10, OWN);

  it("may be half of the backups, not more, unless it is allowed", () => {
    expect(sizeRail(where, { pruned: some(5, OWN), all }, false)).toBeNull();
    expect(sizeRail(where, { pruned: some(6, OWN), all }, false)?.code).toBe("PRUNE_TOO_LARGE");
    expect(sizeRail(where, { pruned: some(6, OWN), all }, true)).toBeNull();
  });

  it("may be half of what dbops made, however many files of the scripts lie beside it", () => {
    const both = [...all, ...some(90, SCRIPTS)];
    expect(sizeRail(where, { pruned: some(5, OWN), all: both }, false)).toBeNull();
    expect(sizeRail(where, { pruned: some(6, OWN), all: both }, false)?.detail).toBe(
      "6 of 10 backups that dbops made of trading_signals in primary would be deleted, so none of them is",
    );
  });

  it("may be half of all where most are the scripts' files", () => {
    const both = [...some(1, OWN), ...some(9, SCRIPTS)];
    expect(sizeRail(where, { pruned: some(5, SCRIPTS), all: both }, false)).toBeNull();
    expect(sizeRail(where, { pruned: some(6, SCRIPTS), all: both }, false)?.code).toBe("PRUNE_TOO_LARGE");
  });
});

describe("the size of a plan at deletion", () => {
  const backup = (name: string, of: Sized): Backup => ({
    ...of,
    name,
    database: "app",
    at: "2025-01-18T01:00:00.000Z",
    state: "complete",
    bytes: 1000,
    etag: name,
    modifiedAt: "2025-01-18T01:00:00.000Z",
    proofs: [],
    holds: [],
  });
  const prune = (name: string): PruneStep => ({
    ...{ id: `app.prune.${name}`, kind: "prune", effect: "destroy", why: "a test", needs: [], after: [] },
    ...{ database: "app", store: "primary" },
    target: { type: "backup", name, expect: { etag: name, survivors: [], atLeast: 1 } },
  });
  const scripts = Array.from({ length: 9 }, (_, n) => backup(`scripts${n}`, SCRIPTS));
  const listed = (own: readonly string[]) => ({
    state: "listed" as const,
    backups: [...own.map((name) => backup(name, OWN)), ...scripts],
    uploads: [],
  });

  it("counts what dbops made by itself, as it lies there now", () => {
    const steps = ["a", "b"].map(prune);
    const [first] = steps;
    if (first === undefined) throw new Error("there are two");
    expect(planSizeRail(first, steps, listed(["a", "b", "c", "d"]))).toBeNull();
    expect(planSizeRail(first, steps, listed(["a", "b", "c"]))?.detail).toContain(
      "2 of 3 backups that dbops made",
    );
  });
});
