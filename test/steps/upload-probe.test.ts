import { expect, it } from "vitest";
import type { DumpStep, UploadStep } from "../../src/model/step.ts";
import type { ProbeRun } from "../../src/steps/handler.ts";
import { upload } from "../../src/steps/upload/upload.ts";
import { planOf, portsOf } from "../apply/build.ts";
import { memoryStore } from "../support/memory-store.ts";

const NOW = "2026-11-24T01:10:00.000Z";
const SLOT = "2026-11-24T01:00:00.000Z";

const dump: DumpStep = {
  ...stepOf("app.dump"),
  kind: "dump",
  artifact: "app.backup",
  origin: "scheduled",
  slotAt: SLOT,
  label: null,
  format: "archive",
  compression: { zstd: 1 },
};
const step: UploadStep = {
  ...stepOf("app.upload"),
  kind: "upload",
  artifact: "app.backup",
  store: "primary",
  hold: null,
  estimatedBytes: 0,
};

it("is ready while nothing covers the slot", async () => {
  expect(await upload.probe(step, runWith(["20261123_010005"]))).toEqual({ state: "ready" });
});

it("is done when another host has covered the slot by now", async () => {
  expect(await upload.probe(step, runWith(["20261124_010005"]))).toMatchObject({
    state: "done",
    facts: { name: "production_app_20261124_010005" },
  });
});

it("is not covered by a backup that is dated in the future", async () => {
  expect(await upload.probe(step, runWith(["20261204_010005"]))).toEqual({ state: "ready" });
});

it("is done when a .sql.gz.enc covers the slot that dbops wrote, and not by one of the scripts", async () => {
  const source: DumpStep = { ...dump, format: "sql", compression: { gzip: 6 } };
  const files = ["", ".sha256"].map((ending) => `production_app_20261124_010005.sql.gz.enc${ending}`);
  const probed = (more: readonly string[]) =>
    upload.probe(step, runWith([], { source, files: [...files, ...more] }));
  expect(await probed([])).toEqual({ state: "ready" });
  expect(await probed(["production_app_20261124_010005.origin.forced"])).toEqual({ state: "ready" });
  expect(await probed(["production_app_20261124_010005.origin.scheduled"])).toMatchObject({ state: "done" });
});

function runWith(
  stamps: readonly string[],
  { source = dump, files = [] }: { readonly source?: DumpStep; readonly files?: readonly string[] } = {},
): ProbeRun {
  const primary = memoryStore({ now: () => NOW });
  for (const key of ["_dbops/store.json", ...files])
    primary.put(key, key.endsWith(".enc") ? "x".repeat(256) : "{}");
  for (const stamp of stamps) {
    const folder = `app/${stamp}/`;
    const name = `production_app_${stamp}`;
    for (const key of [`${name}.dump.zst`, `${name}.globals.sql.zst`, `${name}.detail.json`, "RESTORE.md"])
      primary.put(`${folder}${key}`, "content");
    primary.put(`${folder}origin/scheduled`, "");
    primary.put(`${folder}manifest.json`, "{}");
  }
  return {
    ports: portsOf({ primary }),
    plan: planOf([source, step]),
    signal: new AbortController().signal,
    journaled: () => null,
    leaseHolder: async () => null,
  };
}

function stepOf(id: string) {
  const none: readonly string[] = [];
  return { id, effect: "add" as const, why: "", needs: none, after: none, database: "app" };
}
