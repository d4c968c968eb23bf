import { describe, expect, it } from "vitest";
import type { Backup } from "../../src/model/backup.ts";
import type { Listing, UnfinishedUpload } from "../../src/model/observation.ts";
import type { PruneTarget } from "../../src/model/step.ts";
import { type RailContext, railsOf } from "../../src/policy/rails.ts";
import { problem } from "../../src/problems/problem.ts";
import { backupAt, daysAgo, NO_RULES, NOW, nameAt } from "../plan/build.ts";

const CONTEXT: RailContext = {
  environment: "production",
  database: "trading_signals",
  store: "primary",
  retention: { ...NO_RULES, daily: 2, atLeast: 2 },
  clockAt: NOW,
  others: [],
  leaseHolder: null,
};

const BACKUPS = [0, 1, 2, 3].map((days) => backupAt(daysAgo(days)));
const OLDEST = backupAt(daysAgo(3));

function listed(backups: readonly Backup[], uploads: readonly UnfinishedUpload[] = []): Listing {
  return { state: "listed", backups, uploads };
}

function target(backup: Backup, more: Partial<Extract<PruneTarget, { type: "backup" }>["expect"]> = {}) {
  const survivors = [nameAt(NOW), nameAt(daysAgo(1))];
  const expected = { etag: backup.etag ?? "", survivors, atLeast: 2, ...more };
  return { type: "backup", name: backup.name, expect: expected } as const;
}

function refusal(listing: Listing, wanted: PruneTarget, context: Partial<RailContext> = {}): string | null {
  const found = railsOf(listing, { ...CONTEXT, ...context })(wanted);
  return found === null ? null : `${found.code} ${found.detail.replace(/^\S+ is not deleted: /, "")}`;
}

function others(...more: readonly Backup[]): readonly Backup[] {
  return [...BACKUPS.filter((one) => one.name !== OLDEST.name), ...more];
}

describe("the rails of a deletion", () => {
  it("let through what the policy does not want and nothing speaks for", () => {
    expect(refusal(listed(BACKUPS), target(OLDEST))).toBeNull();
  });

  it("stop after a listing that is not whole", () => {
    const listing: Listing = { state: "unreadable", problem: problem("STORE_UNREADABLE", "page 2") };
    expect(refusal(listing, target(OLDEST))).toBe("PRUNE_REFUSED the listing of primary is not whole");
  });

  it("stop a held backup", () => {
    const held = { ...OLDEST, holds: ["incident-42"] };
    expect(refusal(listed(others(held)), target(held))).toBe("PRUNE_REFUSED it is held (incident-42)");
  });

  it("stop the last proven backup", () => {
    const proven = { ...OLDEST, proofs: [{ at: NOW, passed: true }] };
    expect(refusal(listed(others(proven)), target(proven))).toBe("PRUNE_REFUSED it is the last proven one");
  });

  it("stop a backup that is not the one that was reviewed", () => {
    const changed = { ...OLDEST, etag: "another" };
    expect(refusal(listed(others(changed)), target(OLDEST))).toMatch(/^PLAN_STALE its etag is another/);
  });

  it("stop when a backup that the plan relies on is gone or not complete any more", () => {
    const without = BACKUPS.filter((one) => one.name !== nameAt(daysAgo(1)));
    expect(refusal(listed(without), target(OLDEST))).toMatch(
      /^PLAN_STALE the plan relies on .*20261123_103000/,
    );
    const broken = BACKUPS.map((one) =>
      one.name === nameAt(NOW) ? { ...one, state: "incomplete" as const } : one,
    );
    expect(refusal(listed(broken), target(OLDEST))).toMatch(/^PLAN_STALE the plan relies on/);
  });

  it("stop below the least number of the plan, of the policy, and always at the last one", () => {
    const few = [BACKUPS[0], OLDEST].filter((one) => one !== undefined);
    const survivors = [nameAt(NOW)];
    const retention = { ...NO_RULES, daily: 1, atLeast: 0 };
    expect(refusal(listed(few), target(OLDEST, { survivors, atLeast: 2 }), { retention })).toBe(
      "PRUNE_REFUSED 1 backups would be left, at least 2 have to",
    );
    expect(
      refusal(listed(few), target(OLDEST, { survivors, atLeast: 0 }), {
        retention: { ...retention, atLeast: 2 },
      }),
    ).toBe("PRUNE_REFUSED 1 backups would be left, at least 2 have to");
    expect(refusal(listed([OLDEST]), target(OLDEST, { survivors: [], atLeast: 0 }), { retention })).toBe(
      "PRUNE_REFUSED 0 backups would be left, at least 1 have to",
    );
  });

  it("do not count incomplete backups as left", () => {
    const broken = others(OLDEST).map((one) =>
      one.name === nameAt(daysAgo(2)) || one.name === nameAt(daysAgo(1))
        ? { ...one, state: "incomplete" as const }
        : one,
    );
    expect(refusal(listed(broken), target(OLDEST, { survivors: [] }))).toMatch(/1 backups would be left/);
  });

  it("stop a backup of another environment or database", () => {
    const foreign = { ...target(OLDEST), name: OLDEST.name.replace("production", "staging") };
    expect(refusal(listed(BACKUPS), foreign)).toMatch(/it is no backup of trading_signals in production/);
    expect(refusal(listed(BACKUPS), target(OLDEST), { database: "trading" })).toMatch(
      /it is no backup of trading in/,
    );
  });

  it("stop while any backup is dated in the future", () => {
    const ahead = backupAt("2026-11-24T10:35:01.000Z");
    expect(refusal(listed([...BACKUPS, ahead]), target(OLDEST))).toMatch(/is dated in the future/);
    const within = backupAt("2026-11-24T10:35:00.000Z");
    expect(refusal(listed([...BACKUPS, within]), target(OLDEST))).toBeNull();
  });

  it("stop what the policy would keep by now, as when the new backup fell into another day than planned", () => {
    const wanted = backupAt("2026-11-23T22:00:00.000Z");
    const planned = [backupAt("2026-11-23T23:00:00.000Z"), wanted, ...BACKUPS.slice(2)];
    const survivors = [nameAt(daysAgo(2))];
    const retention = { ...NO_RULES, daily: 2 };
    const wish = target(wanted, { survivors, atLeast: 1 });
    expect(refusal(listed(planned), wish, { retention })).toBeNull();
    const happened = [backupAt("2026-11-24T09:00:00.000Z"), wanted, ...BACKUPS.slice(2)];
    expect(refusal(listed(happened), wish, { retention })).toBe(
      "PLAN_STALE the policy keeps it now: daily 2 of 2",
    );
  });

  it("let a deletion that broke off after the manifest go on", () => {
    const rest: Backup = { ...OLDEST, state: "incomplete", etag: null };
    expect(refusal(listed(others(rest)), target(OLDEST))).toBeNull();
    expect(refusal(listed(others()), target(OLDEST))).toBeNull();
  });
});

describe("the rails of cleaning up", () => {
  const left = backupAt(daysAgo(2), { state: "incomplete", etag: null, modifiedAt: daysAgo(1) });
  const leftover: PruneTarget = {
    type: "leftover",
    name: left.name,
    expect: { modifiedAt: left.modifiedAt },
  };

  it("let through a folder without a manifest that nobody touched for 24 hours", () => {
    expect(refusal(listed([left]), leftover)).toBeNull();
  });

  it("stop one that is younger, or was written to since it was planned", () => {
    const clockAt = "2026-11-24T10:29:59.999Z";
    expect(refusal(listed([left]), leftover, { clockAt })).toBe("PRUNE_REFUSED it is in progress");
    const written = { ...left, modifiedAt: daysAgo(0.9) };
    expect(refusal(listed([written]), leftover)).toMatch(/^PLAN_STALE it was written to/);
  });

  it("stop one that has a manifest by now, complete or not", () => {
    expect(refusal(listed([{ ...left, state: "complete", etag: "e" }]), leftover)).toMatch(
      /it has a manifest now/,
    );
    expect(refusal(listed([{ ...left, etag: "e" }]), leftover)).toMatch(/it has a manifest now/);
  });

  it("stop one whose large object is still being uploaded", () => {
    const upload = {
      key: "trading_signals/20261122_103000/x.dump.zst.age",
      id: "1",
      startedAt: daysAgo(0.5),
    };
    expect(refusal(listed([left], [upload]), leftover)).toBe("PRUNE_REFUSED it is in progress");
  });

  it("stop an unfinished upload that is younger than 24 hours", () => {
    const upload = { key: "trading_signals/20261123_103000/RESTORE.md", id: "1", startedAt: daysAgo(1) };
    const wanted: PruneTarget = { type: "upload", ...upload };
    expect(refusal(listed([], [upload]), wanted)).toBeNull();
    const young = { ...upload, startedAt: "2026-11-23T10:30:00.001Z" };
    expect(refusal(listed([], [young]), { type: "upload", ...young })).toBe(
      "PRUNE_REFUSED it is in progress",
    );
  });
});

describe("the rails of cleaning up, while the backup lease is held,", () => {
  const leaseHolder = "deploy@host-2";
  const left = backupAt(daysAgo(2), { state: "incomplete", etag: null, modifiedAt: daysAgo(2) });
  const { name, modifiedAt } = left;

  it("stop what an upload that takes longer than a day may still need", () => {
    const leftover: PruneTarget = { type: "leftover", name, expect: { modifiedAt } };
    expect(refusal(listed([left]), leftover)).toBeNull();
    expect(refusal(listed([left]), leftover, { leaseHolder })).toMatch(/being backed up by deploy@host-2/);
    const upload = { key: `trading_signals/20261122_103000/RESTORE.md`, id: "1", startedAt: daysAgo(2) };
    expect(refusal(listed([left], [upload]), { type: "upload", ...upload })).toBeNull();
    expect(refusal(listed([left], [upload]), { type: "upload", ...upload }, { leaseHolder })).toMatch(
      /^PRUNE_REFUSED it may be in progress/,
    );
  });

  it("let a backup go all the same", () => {
    expect(refusal(listed(BACKUPS), target(OLDEST), { leaseHolder })).toBeNull();
  });
});

describe("the rails of what dbops does not know", () => {
  it("stop a folder without a manifest that holds any of it", () => {
    const left = backupAt(daysAgo(2), { state: "incomplete", etag: null, unknown: ["dump.sql"] });
    const leftover: PruneTarget = {
      type: "leftover",
      name: left.name,
      expect: { modifiedAt: left.modifiedAt },
    };
    expect(refusal(listed([left]), leftover)).toBe(
      "PRUNE_REFUSED it holds what dbops does not know: dump.sql",
    );
  });

  it("stop an unfinished upload of it", () => {
    const upload = { key: "trading_signals/20261122_103000/dump.sql", id: "1", startedAt: daysAgo(2) };
    expect(refusal(listed([], [upload]), { type: "upload", ...upload })).toBe(
      "PRUNE_REFUSED it is no object of dbops",
    );
  });
});

describe("the rails of an orphaned database", () => {
  const orphan: PruneTarget = { type: "orphan", name: OLDEST.name, expect: { etag: OLDEST.etag ?? "" } };

  it("let a backup through that was asked for by name", () => {
    expect(refusal(listed([OLDEST]), orphan, { retention: null })).toBeNull();
  });

  it("stop it when its database is in the file, and a usual deletion when it is not", () => {
    expect(refusal(listed([OLDEST]), orphan)).toMatch(/trading_signals is in the environment file/);
    expect(refusal(listed(BACKUPS), target(OLDEST), { retention: null })).toMatch(
      /is in no environment file/,
    );
  });

  it("stop a held one", () => {
    expect(refusal(listed([{ ...OLDEST, holds: ["audit"] }]), orphan, { retention: null })).toMatch(
      /it is held/,
    );
  });
});
