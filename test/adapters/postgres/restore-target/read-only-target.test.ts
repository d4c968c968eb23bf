import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { readOnlyTarget } from "../../../../src/adapters/postgres/restore-target/read-only-target.ts";
import type { MadeNote } from "../../../../src/model/restore-target.ts";
import type { RestoreTarget } from "../../../../src/ports/restore-target.ts";

const never = new AbortController().signal;
const named = { name: "dbops_00000000_side", oid: 5 };
const note: MadeNote = {
  state: "side",
  environment: "production",
  database: "app",
  backup: "production_app_20261124_010000",
  plan: "0".repeat(64),
  replacedAt: null,
};
const like = {
  encoding: "UTF8",
  collate: "C",
  ctype: "C",
  localeProvider: "libc" as const,
  icuLocale: null,
  icuRules: null,
};

/** Tells what reached it. */
function recording() {
  const reached: string[] = [];
  const target = new Proxy({} as RestoreTarget, {
    get: (_, method) => async () => reached.push(String(method)),
  });
  return { reached, target: readOnlyTarget(target) };
}

describe("a server in a dry run", () => {
  it("is looked at", async () => {
    const { reached, target } = recording();
    await target.inspect("app", never);
    await target.find("app", never);
    await target.tables("app", never);
    await target.ask("app", "SELECT true", never);
    await target.countRows({ name: "app", tables: [], jobs: 1, onCounted: () => undefined }, never);
    expect(reached).toEqual(["inspect", "find", "tables", "ask", "countRows"]);
  });

  it("is never changed, and an archive that was to be loaded is let go", async () => {
    const { reached, target } = recording();
    const archive = Readable.from(["PGDMP"]);
    const load = { into: named, archive, madeBy: "", jobs: 1, skip: [], onProgress: () => undefined };
    const swap = { side: named, live: "app", liveOid: 6, old: "dbops_00000000_old", note, properties: null };
    const script = { path: "sql/a.sql", text: "" };
    for (const attempt of [
      target.create("app", like, note, never),
      target.setNote(named, note, never),
      target.drop(named, never),
      target.load(load, never),
      target.analyze({ name: "app", jobs: 1 }, never),
      target.runScript("app", script, never),
      target.swap(swap, never),
    ])
      await expect(attempt).rejects.toMatchObject({ problems: [{ code: "INTERNAL" }] });
    expect(reached).toEqual([]);
    expect(archive.destroyed).toBe(true);
  });
});
