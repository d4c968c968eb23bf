import { describe, expect, it } from "vitest";
import { openJournal } from "../../src/apply/journal.ts";
import { unlocked } from "../../src/apply/lock.ts";
import { verifyRecords } from "../../src/apply/verify-records.ts";
import type { Database } from "../../src/model/environment.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { PLAIN_RESTORE } from "../support/plain-restore.ts";
import { environmentOf, handClock, never } from "./build.ts";

describe("the records of an environment", () => {
  it("of which every journal is whole are verified one by one", async () => {
    const store = memoryStore();
    addBackup(store, "app");
    for (const scope of ["other", "app.backup"]) await addEntry(store, scope);
    expect(await scopesOf(store)).toEqual([
      ["app.backup", "consistent, not anchored", 1],
      ["other", "consistent, not anchored", 1],
    ]);
  });

  it("are broken where a planned backup of a declared database has no journal at all", async () => {
    const store = memoryStore();
    addBackup(store, "app");
    const [gone] = await verifyRecords(store, ENVIRONMENT, never);
    expect(gone).toMatchObject({
      scope: "app.backup",
      entries: 0,
      state: "broken",
      problem: { code: "JOURNAL_BROKEN", detail: expect.stringMatching(/0000cafe0000.*app_20261124_010000/) },
    });
    // the records may have moved, and the journal with the store that kept them may be well
    expect(gone?.problem?.detail).toMatch(/was removed, or is in the store that kept the records before$/);
    expect(gone?.problem?.fix).toContain("_dbops/journal/app.backup/");
  });

  it("are broken there also when a lock is left that names no entry", async () => {
    const store = memoryStore();
    addBackup(store, "app");
    const free = { formatVersion: 1, state: "free", epoch: 1, leaseMs: 45_000, head: null };
    store.put("_dbops/locks/app.backup.json", JSON.stringify(free));
    expect(await scopesOf(store)).toEqual([["app.backup", "broken", 0]]);
  });

  it("are not expected where nothing was made: no backup, an unfinished one, the runbook's, an undeclared database's", async () => {
    const store = memoryStore();
    expect(await scopesOf(store)).toEqual([]);
    addBackup(store, "app");
    store.drop("app/20261124_010000/manifest.json");
    store.put("production_app_20261123_010000.sql.gz.enc", "x");
    store.put("production_app_20261123_010000.sql.gz.enc.sha256", "x");
    addBackup(store, "gone");
    expect(await scopesOf(store)).toEqual([]);
  });
});

const ENVIRONMENT = environmentOf({ databases: ["app", "other"].map(databaseOf) });

function databaseOf(name: string): Database {
  return {
    name,
    connection: { kind: "service", service: name },
    admin: null,
    cloneOf: null,
    restore: PLAIN_RESTORE,
    backup: {
      schedules: [],
      stores: [],
      format: "archive",
      compression: "none",
      encryption: { kind: "none" },
    },
  };
}

async function scopesOf(store: MemoryStore): Promise<readonly unknown[]> {
  const scopes = await verifyRecords(store, ENVIRONMENT, never);
  return scopes.map(({ scope, state, entries }) => [scope, state, entries]);
}

async function addEntry(store: MemoryStore, scope: string): Promise<void> {
  const context = { store, clock: handClock(), actor: "deploy", plan: "plan", onTaken: "stop" } as const;
  const journal = await openJournal(context, unlocked(scope));
  await journal.append([{ event: "begin", step: "a" }]);
}

function addBackup(store: MemoryStore, database: string): void {
  const name = `production_${database}_20261124_010000`;
  const measure = { bytes: 1, sha256: "0".repeat(64), plaintextBytes: 1, plaintextSha256: "0".repeat(64) };
  const objects = [
    { role: "archive", key: `${name}.dump`, ...measure },
    { role: "detail", key: `${name}.detail.json`, ...measure },
    { role: "globals", key: `${name}.globals.sql`, ...measure },
    { role: "restore-guide", key: "RESTORE.md", ...measure },
  ];
  const manifest = {
    formatVersion: 1,
    environment: "production",
    database,
    name,
    snapshotAt: "2026-11-24T01:00:00.000000Z",
    origin: "scheduled",
    label: null,
    objects,
    format: "archive",
    compression: "none",
    encryption: "none",
    recipients: [],
    server: { version: "15.18" },
    tools: { dbops: "0.1.0", pgDump: "pg_dump (PostgreSQL) 15.18" },
    schemaRevision: null,
    imageDigest: null,
    gitCommit: null,
    plan: "0000cafe".repeat(8),
  };
  const folder = `${database}/20261124_010000/`;
  for (const { key } of objects) store.put(`${folder}${key}`, "x");
  store.put(`${folder}origin/scheduled`, "");
  store.put(`${folder}manifest.json`, JSON.stringify(manifest));
}
