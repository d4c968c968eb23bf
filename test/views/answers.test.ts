import { expect, it } from "vitest";
import type { Backup } from "../../src/model/backup.ts";
import type { DatabaseStatus, EnvironmentStatus, Report } from "../../src/model/report.ts";
import { problem } from "../../src/problems/problem.ts";
import { NEW, OLD } from "./build.ts";
import { captureView } from "./capture.ts";

const AN_HOUR_MS = 3_600_000;

it("lists backups with age, size, stores and the verdict with its reasons", () => {
  const text = bothOf({
    kind: "backups",
    environment: "production",
    rows: [
      {
        backup: aBackup({ proofs: [{ at: "2026-11-24T01:30:00.000Z", passed: true }] }),
        stores: [
          { store: "dr", state: "complete", verdict: "prune", reasons: ["no rule covers it"] },
          { store: "primary", state: "complete", verdict: "keep", reasons: ["within 2d", "daily 1 of 30"] },
        ],
      },
      {
        backup: aBackup({ name: OLD, at: "2026-10-20T01:00:00.000Z", origin: null, state: "incomplete" }),
        stores: [
          { store: "dr", state: "incomplete", verdict: "incomplete", reasons: [] },
          { store: "primary", state: "incomplete", verdict: "incomplete", reasons: [] },
        ],
      },
    ],
  });
  expect(text).toBe(`\
NAME                                        TIME (UTC)                 AGE  ORIGIN                    SIZE  STORES
production_trading_signals_20261124_010000  2026-11-24 01:00:00  1 h 0 min  scheduled            300.0 MiB  dr, primary
  dr: prune: no rule covers it
  primary: keep: within 2d, daily 1 of 30
  proof passed 2026-11-24 01:30:00 UTC
production_trading_signals_20261020_010000  2026-10-20 01:00:00   35 d 1 h  unknown, incomplete  300.0 MiB  dr, primary
  incomplete
1 complete backup, 1 incomplete in production.
`);
});

it("tells an empty list from an unreadable store", () => {
  expect(bothOf({ kind: "backups", environment: "production", rows: [] })).toBe(
    "No backups in production.\n",
  );
  const unreadable = aDatabase({
    stores: [{ store: "dr", readable: false, newestAt: null, ageMs: null, complete: 0, bytes: 0 }],
  });
  const text = bothOf({ kind: "status", environments: [anEnvironment({ databases: [unreadable] })] });
  expect(text).toContain("trading_signals  dr     unknown                      unreadable\n");
});

it("shows the state of every database and store on one screen", () => {
  const text = bothOf({
    kind: "status",
    environments: [
      anEnvironment({
        protected: true,
        problems: [problem("ORPHANED", "legacy: 3 backups", { severity: "warning" })],
      }),
    ],
  });
  expect(text).toBe(`\
production (protected)
  DATABASE         STORE    NEWEST                         AGE  BACKUPS     SIZE  STATE
  trading_signals  primary  2026-11-24 01:00:00 UTC  1 h 0 min       34  9.8 GiB
                   dr       none                                      0      0 B
  trading_signals: fresh, next due 2026-11-25 01:00:00 UTC

warning: backups of a database that is in no file
  legacy: 3 backups
`);
});

it("says which backup is missing", () => {
  const overdue = aDatabase({ fresh: false });
  const text = bothOf({ kind: "status", environments: [anEnvironment({ databases: [overdue] })] });
  expect(text).toContain(
    "  trading_signals: overdue, the backup due 2026-11-24 01:00:00 UTC is missing, next due 2026-11-25 01:00:00 UTC\n",
  );
});

it("checks freshness: what is overdue last, with what was due", () => {
  const overdue = aDatabase({ database: "orders", fresh: false });
  const text = bothOf({
    kind: "checked",
    environments: [anEnvironment({ databases: [overdue, aDatabase({})] })],
  });
  expect(text).toBe(`\
fresh    production trading_signals: newest backup is 1 h 0 min old
overdue  production orders: newest backup is 1 h 0 min old, one was due 2026-11-24 01:00:00 UTC
2 databases: 1 fresh, 0 unknown, 1 overdue.
`);
});

it("calls nothing fresh where no store could be looked at", () => {
  const stores = [
    { store: "dr", readable: false, newestAt: null, ageMs: null, complete: 0, bytes: 0 },
  ] as const;
  const environments = [anEnvironment({ databases: [aDatabase({ stores, fresh: true })] })];
  expect(bothOf({ kind: "checked", environments })).toBe(`\
unknown  production trading_signals: no backup seen, dr unreadable
1 database: 0 fresh, 1 unknown, 0 overdue.
`);
  expect(bothOf({ kind: "status", environments })).toContain("  trading_signals: unknown, next due");
});

it("says that all are fresh", () => {
  const text = bothOf({ kind: "checked", environments: [anEnvironment({})] });
  expect(text).toContain("All fresh: 1 database.\n");
});

it("shows the record, one line per event", () => {
  const entry = {
    formatVersion: 1,
    scope: "trading_signals",
    epoch: 1,
    at: "2026-11-24T01:00:00.000Z",
    plan: "3f2a".repeat(16),
    actor: "root@host 12",
    previous: null,
  } as const;
  const step = "trading_signals.upload";
  const text = bothOf({
    kind: "audited",
    environment: "production",
    entries: [
      {
        ...entry,
        number: 9,
        events: [
          { event: "plan", environment: "production", operation: "converge", attempt: 2 },
          { event: "begin", step },
          { event: "noted", step, facts: { bound: NEW } },
        ],
      },
      {
        ...entry,
        number: 10,
        events: [
          { event: "end", step, facts: { name: NEW, bytes: 1024 } },
          { event: "failed", step: "x", problems: [problem("STORE_FULL", "no\u001b[2J space")] },
          { event: "lock-broken", reason: "host is gone" },
        ],
      },
    ],
  });
  expect(text).toBe(`\
TIME (UTC)           ENTRY               WHO           PLAN          EVENT
2026-11-24 01:00:00  trading_signals/9   root@host 12  3f2a3f2a3f2a  converge of production begins, attempt 2
2026-11-24 01:00:00  trading_signals/9   root@host 12  3f2a3f2a3f2a  begin trading_signals.upload
2026-11-24 01:00:00  trading_signals/9   root@host 12  3f2a3f2a3f2a  note trading_signals.upload: ${NEW}
2026-11-24 01:00:00  trading_signals/10  root@host 12  3f2a3f2a3f2a  end trading_signals.upload: ${NEW}, 1.0 KiB
2026-11-24 01:00:00  trading_signals/10  root@host 12  3f2a3f2a3f2a  failed x: a store has no space left: no\\x1b[2J space
2026-11-24 01:00:00  trading_signals/10  root@host 12  3f2a3f2a3f2a  lock broken: host is gone
`);
});

it("says what a journal proves and what it does not", () => {
  const broken = problem("JOURNAL_BROKEN", "orders: entry 7 does not follow entry 6");
  const text = bothOf({
    kind: "audit-verified",
    environment: "production",
    scopes: [
      { scope: "orders", entries: 12, state: "broken", problem: broken },
      { scope: "trading_signals", entries: 1, state: "consistent, not anchored", problem: null },
    ],
  });
  expect(text).toBe(`\
orders           broken, 12 entries
trading_signals  consistent, not anchored, 1 entry
not anchored: entries at the end could be missing without a trace
error: the journal is not consistent
  orders: entry 7 does not follow entry 6
The journal of production is broken in 1 scope.
`);
});

it("shows who holds a lock since when", () => {
  const text = bothOf({
    kind: "locks",
    environment: "production",
    locks: [
      {
        scope: "trading_signals",
        state: "held",
        holder: "root@host 12",
        plan: "3f2a".repeat(16),
        epoch: 4,
        sinceAt: "2026-11-24T01:00:00.000Z",
      },
    ],
  });
  expect(text).toBe(`\
SCOPE            STATE  HOLDER        SINCE                    EPOCH  PLAN
trading_signals  held   root@host 12  2026-11-24 01:00:00 UTC  4      3f2a3f2a3f2a
1 held in production.
`);
});

it("shows each finding of doctor with its fix", () => {
  const text = bothOf({
    kind: "diagnosed",
    environment: "production",
    checks: [
      { subject: "pg_dump", state: "good", detail: "15.18", fix: null },
      {
        subject: "store dr",
        state: "unknown",
        detail: "cannot be read",
        fix: "mount it, then:\ndbops doctor",
      },
    ],
  });
  expect(text).toBe(`\
ok       pg_dump: 15.18
unknown  store dr: cannot be read
         hint: mount it, then:
           dbops doctor
production: 2 checks, 0 bad, 1 unknown.
`);
});

it.each<[Report, string]>([
  [
    { kind: "initialised", file: "environments/dev.yaml", next: ["dbops validate dev"] },
    "Wrote environments/dev.yaml.\nNext:\n  dbops validate dev\n",
  ],
  [
    {
      kind: "marked",
      environment: "dev",
      stores: [{ store: "local", storeId: "0b1c", state: "already marked" }],
    },
    "STORE  STATE           ID\nlocal  already marked  0b1c\n1 store of dev ready.\n",
  ],
  [{ kind: "validated", files: ["environments/dev.yaml"] }, "valid  environments/dev.yaml\n1 file valid.\n"],
  [
    { kind: "observed", environment: "dev", file: "observed.yaml" },
    "Observed dev, written to observed.yaml.\n",
  ],
  [
    { kind: "lock-broken", environment: "dev", scope: "orders", epoch: 5 },
    "The lock of orders in dev is broken. Its epoch is now 5.\n",
  ],
])("says what was done: $kind", (report, text) => {
  expect(bothOf(report)).toBe(text);
});

function aBackup(more: Partial<Backup>): Backup {
  return {
    name: NEW,
    database: "trading_signals",
    at: "2026-11-24T01:00:00.000Z",
    layout: "directory",
    state: "complete",
    origin: "scheduled",
    bytes: 300 * 1024 ** 2,
    etag: "e1",
    modifiedAt: "2026-11-24T01:00:00.000Z",
    proofs: [],
    holds: [],
    ...more,
  };
}

function aDatabase(more: Partial<DatabaseStatus>): DatabaseStatus {
  return {
    database: "trading_signals",
    stores: [
      {
        store: "primary",
        readable: true,
        newestAt: "2026-11-24T01:00:00.000Z",
        ageMs: AN_HOUR_MS,
        complete: 34,
        bytes: 10_500_000_000,
      },
      { store: "dr", readable: true, newestAt: null, ageMs: null, complete: 0, bytes: 0 },
    ],
    dueAt: "2026-11-24T01:00:00.000Z",
    nextAt: "2026-11-25T01:00:00.000Z",
    fresh: true,
    ...more,
  };
}

function anEnvironment(more: Partial<EnvironmentStatus>): EnvironmentStatus {
  return { environment: "production", protected: false, databases: [aDatabase({})], problems: [], ...more };
}

function bothOf(report: Report): string {
  const captured = captureView();
  captured.view.report(report);
  return captured.both();
}
