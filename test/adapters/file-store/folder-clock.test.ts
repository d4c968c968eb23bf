import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openFileStore } from "../../../src/adapters/file-store/file-store.ts";
import { readOnly } from "../../../src/adapters/store-wrappers/read-only.ts";
import { bodyOf, keysOf, LIVE, put, unfinishedOf } from "../../contracts/object-store-bench.ts";
import { mountSmallDisk } from "../../support/small-disk.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { makeWorkplace } from "../../support/workplace.ts";

const HOUR_MS = 3_600_000;

/** This host's clock goes wrong; the kernel goes on dating files as it should, as the server of a network disk does. */
function setHostClock(byMs: number): void {
  vi.useFakeTimers({ now: Date.now() + byMs, toFake: ["Date"] });
}
afterEach(() => vi.useRealTimers());

function ageMs(info: { readonly modifiedAt: string; readonly readAt: string } | null | undefined): number {
  return Date.parse(info?.readAt ?? "") - Date.parse(info?.modifiedAt ?? "");
}

describe.each([
  ["an hour ahead", HOUR_MS],
  ["an hour behind", -HOUR_MS],
])("a file store on a host whose clock is %s", (_name, byMs) => {
  it("dates its answers by the folder's clock, so that no live lock looks dead and no dead one alive", async () => {
    const root = await tempFolder();
    const store = openFileStore(root);
    setHostClock(byMs);
    const made = await store.replace("_dbops/locks/app.json", Buffer.from("{}"), "absent", LIVE);
    const listed: number[] = [];
    for await (const info of store.list("", {}, LIVE)) listed.push(ageMs(info));
    const ages = [
      ageMs(await store.head("_dbops/locks/app.json", LIVE)),
      ageMs(typeof made === "string" ? null : made),
      ...listed,
    ];
    expect(ages.length).toBe(3);
    for (const age of ages) expect(Math.abs(age)).toBeLessThan(HOUR_MS / 2);
  });
});

describe("the scratch file that tells a folder's clock", () => {
  it("is gone when the answer is there, in a dry run too", async () => {
    const root = await tempFolder();
    await put(openFileStore(root), "_dbops/store.json", "{}");
    const store = readOnly(openFileStore(root));
    await store.head("_dbops/store.json", LIVE);
    await keysOf(store, "");
    expect([await readdir(root), await readdir(join(root, "_dbops"))]).toEqual([["_dbops"], ["store.json"]]);
  });

  it("is no object and no unfinished write, where a crash left one", async () => {
    const root = await tempFolder();
    const left = ".dbops-clock.0123456789abcdef";
    await mkdir(join(root, "_dbops"));
    for (const folder of ["", "_dbops"]) await writeFile(join(root, folder, left), "");
    const store = openFileStore(root);
    await put(store, "_dbops/store.json");
    expect(await keysOf(store, "")).toEqual(["_dbops/store.json"]);
    expect(await unfinishedOf(store, "")).toEqual([]);
    await expect(store.write(left, bodyOf("x"), {}, LIVE)).rejects.toThrow("keeps for itself");
  });
});

describe("a file store that cannot be written", () => {
  it("can be read, and is dated by this host's clock", async () => {
    const disk = await mountSmallDisk(await makeWorkplace(), "store");
    try {
      await put(openFileStore(disk.path), "_dbops/store.json", "{}");
      await disk.change("ro");
      setHostClock(HOUR_MS);
      const store = openFileStore(disk.path);
      expect(await keysOf(store, "")).toEqual(["_dbops/store.json"]);
      expect(ageMs(await store.head("_dbops/store.json", LIVE))).toBeGreaterThan(HOUR_MS / 2);
    } finally {
      await disk.unmount();
    }
  });
});
