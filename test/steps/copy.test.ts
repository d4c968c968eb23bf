import { expect, it } from "vitest";
import { sha256 } from "../../src/model/canonical.ts";
import { folderOf } from "../../src/model/layout.ts";
import type { Manifest } from "../../src/model/manifest.ts";
import type { CopyStep } from "../../src/model/step.ts";
import { copy } from "../../src/steps/copy.ts";
import { memoryStore } from "../support/memory-store.ts";
import { NAME, outcome, runOn } from "./classic-world.ts";

const FOLDER = folderOf(NAME);

it("brings the holds of people along, and leaves that of a restore where it reads", async () => {
  const [primary, dr] = [memoryStore(), memoryStore()];
  for (const { key } of MANIFEST.objects) primary.put(`${FOLDER}${key}`, "x");
  primary.put(`${FOLDER}manifest.json`, JSON.stringify(MANIFEST));
  for (const id of ["incident-42", "restore-0a0a0a0a", "restore-drill"])
    primary.put(`${FOLDER}hold/${id}.json`, "{}");
  expect(await outcome(copy.execute(STEP, runOn({ primary, dr }, STEP)))).toBe("done");
  expect(dr.keys().filter((key) => key.includes("/hold/"))).toEqual([
    `${FOLDER}hold/incident-42.json`,
    `${FOLDER}hold/restore-drill.json`,
  ]);
  expect(dr.text(`${FOLDER}manifest.json`)).toBe(JSON.stringify(MANIFEST));
});

const STEP: CopyStep = {
  id: "app.copy.dr",
  kind: "copy",
  effect: "add",
  why: "a test",
  needs: [],
  after: [],
  database: "app",
  backup: { existing: NAME },
  from: "primary",
  to: "dr",
};

const X = { bytes: 1, sha256: sha256("x"), plaintextBytes: 1, plaintextSha256: sha256("x") };

const MANIFEST: Manifest = {
  formatVersion: 1,
  environment: "production",
  database: "app",
  name: NAME,
  snapshotAt: "2026-11-24T01:00:00.000000Z",
  origin: "scheduled",
  label: null,
  objects: [
    { role: "archive", key: `${NAME}.dump`, ...X },
    { role: "detail", key: `${NAME}.detail.json`, ...X },
    { role: "globals", key: `${NAME}.globals.sql`, ...X },
    { role: "restore-guide", key: "RESTORE.md", ...X },
  ],
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
