import { expect, it } from "vitest";
import type { Facts } from "../../src/model/audit-entry.ts";
import { folderOf } from "../../src/model/layout.ts";
import type { Manifest } from "../../src/model/manifest.ts";
import type { UploadStep } from "../../src/model/step.ts";
import { fail } from "../../src/problems/dbops-error.ts";
import type { StepRun } from "../../src/steps/handler.ts";
import { recoverBackup } from "../../src/steps/upload/recover-backup.ts";
import { never, planOf, portsOf } from "../apply/build.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";

const FIRST = "production_app_20261124_010000";
const SECOND = "production_app_20261124_020000";

it("finishes what was sealed under the name that was bound", async () => {
  const primary = storeWithParts();
  const facts = await recoverBackup(STEP, runOf(primary, { bound: FIRST, sealed: sealedAs(FIRST) }));
  expect(facts).toMatchObject({ name: FIRST });
  expect(primary.keys()).toContain(`${folderOf(FIRST)}manifest.json`);
});

it("does not finish what was sealed under another name than the one that was bound, and clears the bound one", async () => {
  const primary = storeWithParts();
  const facts = await recoverBackup(STEP, runOf(primary, { bound: SECOND, sealed: sealedAs(FIRST) }));
  expect(facts).toBeNull();
  expect(primary.keys().filter((key) => key.endsWith("manifest.json"))).toEqual([]);
  expect(primary.keys().filter((key) => key.startsWith(folderOf(SECOND)))).toEqual([]);
});

const STEP: UploadStep = {
  id: "app.upload",
  kind: "upload",
  effect: "add",
  why: "a test",
  needs: [],
  after: [],
  database: "app",
  artifact: "app.backup",
  store: "primary",
  hold: null,
  estimatedBytes: 0,
};

/** The parts of both backups, whole; no manifest. */
function storeWithParts(): MemoryStore {
  const store = memoryStore();
  for (const name of [FIRST, SECOND])
    for (const { key } of partsOf(name)) store.put(`${folderOf(name)}${key}`, "x");
  return store;
}

function partsOf(name: string): Manifest["objects"] {
  const measure = { bytes: 1, sha256: "0".repeat(64), plaintextBytes: 1, plaintextSha256: "0".repeat(64) };
  return [
    { role: "archive", key: `${name}.dump`, ...measure },
    { role: "detail", key: `${name}.detail.json`, ...measure },
    { role: "globals", key: `${name}.globals.sql`, ...measure },
  ];
}

function sealedAs(name: string): Manifest {
  const guide = { bytes: 1, sha256: "0".repeat(64), plaintextBytes: 1, plaintextSha256: "0".repeat(64) };
  return {
    formatVersion: 1,
    environment: "production",
    database: "app",
    name,
    snapshotAt: "2026-11-24T01:00:00.000000Z",
    origin: "scheduled",
    label: null,
    objects: [...partsOf(name), { role: "restore-guide", key: "RESTORE.md", ...guide }],
    format: "archive",
    compression: "none",
    encryption: "none",
    recipients: [],
    server: { version: "15.18" },
    tools: { dbops: "0.1.0", pgDump: "pg_dump (PostgreSQL) 15.18" },
    schemaRevision: null,
    imageDigest: null,
    gitCommit: null,
    plan: "0".repeat(64),
  };
}

function runOf(primary: MemoryStore, noted: Facts): StepRun {
  return {
    ports: portsOf({ primary }),
    plan: planOf([STEP]),
    signal: never,
    journaled: () => noted,
    leaseHolder: async () => null,
    note: async () => undefined,
    assertHeld: async () => fail("INTERNAL", "a lease is not asked"),
    progress: () => undefined,
  };
}
