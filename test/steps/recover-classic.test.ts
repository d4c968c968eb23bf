import { beforeEach, expect, it } from "vitest";
import { sha256 } from "../../src/model/canonical.ts";
import { parseClassicMark } from "../../src/model/classic-mark.ts";
import type { DumpStep, UploadStep } from "../../src/model/step.ts";
import { recoverClassic } from "../../src/steps/upload/recover-classic.ts";
import { planOf } from "../apply/build.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { BYTES, CHECKSUM, FILE, LINE, NAME, runOn } from "./classic-world.ts";

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
  layout: "classic",
  hold: null,
  estimatedBytes: 0,
};
const DUMP: DumpStep = {
  id: "app.dump",
  kind: "dump",
  effect: "add",
  why: "a test",
  needs: [],
  after: [],
  database: "app",
  artifact: "app.backup",
  origin: "forced",
  slotAt: null,
  label: null,
  format: "sql",
  compression: { gzip: 6 },
};
const SEALED = {
  format: "sql",
  name: NAME,
  snapshotAt: "2026-11-24T01:00:00.000000Z",
  serverVersion: "15.18",
  pgDump: "pg_dump (PostgreSQL) 15.18",
  bytes: BYTES.length,
  sha256: sha256(BYTES),
  plaintextBytes: 100,
  plaintextSha256: "0".repeat(64),
};

let primary: MemoryStore;

beforeEach(() => {
  primary = memoryStore();
});

function recovered(noted: Readonly<Record<string, unknown>>, step = STEP) {
  const run = runOn({ primary }, step, noted);
  return recoverClassic(step, { ...run, plan: planOf([DUMP, step]) });
}

it("writes the checksum of what was sealed and stored, as sha256sum does", async () => {
  primary.put(FILE, BYTES);
  expect(await recovered({ bound: NAME, sealed: SEALED })).toMatchObject({ name: NAME, bytes: BYTES.length });
  expect(primary.text(CHECKSUM)).toBe(LINE);
});

it("marks why it was made, what it is, and the hold before the checksum, which makes it a backup", async () => {
  primary.put(FILE, BYTES);
  await recovered({ bound: NAME, sealed: SEALED }, { ...STEP, hold: "hold-20261124" });
  expect(primary.keys()).toEqual([
    `${NAME}.hold.hold-20261124.json`,
    `${NAME}.origin.forced`,
    FILE,
    CHECKSUM,
  ]);
  const { bytes, sha256: digest } = SEALED;
  expect(parseClassicMark(primary.text(`${NAME}.origin.forced`) ?? "")).toEqual({ bytes, sha256: digest });
});

it.each([
  ["that has not been sealed", { bound: NAME, sealed: null }],
  [
    "whose sealing was taken back with another name",
    { bound: "production_app_20261124_010001", sealed: SEALED },
  ],
])("writes no checksum beside a file %s", async (_, noted) => {
  primary.put(FILE, BYTES);
  expect(await recovered(noted)).toBeNull();
  expect(primary.keys()).toEqual([FILE]);
});

it("writes no checksum beside another file of the same size, and leaves it alone: it is somebody else's", async () => {
  primary.put(FILE, BYTES.replace("openssl", "another"));
  expect(await recovered({ bound: NAME, sealed: SEALED })).toBeNull();
  expect(primary.keys()).toEqual([FILE]);
});

it("discards what is unfinished of it, and nothing else", async () => {
  const startedAt = "2026-11-24T01:00:01.000Z";
  primary.begin({ key: FILE, id: "mine", startedAt });
  primary.begin({ key: "production_app_20261124_020000.sql.gz.enc", id: "other", startedAt });
  expect(await recovered({ bound: NAME, sealed: null })).toBeNull();
  const left: string[] = [];
  for await (const { id } of primary.unfinished("", AbortSignal.timeout(1000))) left.push(id);
  expect(left).toEqual(["other"]);
});
