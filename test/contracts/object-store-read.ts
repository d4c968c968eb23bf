import { beforeEach, describe, expect, it } from "vitest";
import { msOf } from "../../src/model/instant.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import {
  bodyOfBytes,
  bytesOf,
  gather,
  keysOf,
  LIVE,
  type ObjectStoreBench,
  put,
  readAll,
} from "./object-store-bench.ts";

/** What every ObjectStore promises about looking. */
export function describeReading(bench: ObjectStoreBench): void {
  let store: ObjectStore;
  beforeEach(async () => {
    store = await bench.open();
  });
  describe(`${bench.name}: list`, () => describeList(() => store));
  describe(`${bench.name}: head and read`, () => describeRead(() => store));
}

function describeList(opened: () => ObjectStore): void {
  it("lists nothing, without an error, where nothing is", async () => {
    expect(await keysOf(opened(), "")).toEqual([]);
    expect(await keysOf(opened(), "users/")).toEqual([]);
  });

  it("takes any text as a prefix, not only whole folders", async () => {
    for (const key of ["app/1/a", "app/12/b", "app/2/c", "apple", "b"]) await put(opened(), key);
    expect(await keysOf(opened(), "app/1")).toEqual(["app/1/a", "app/12/b"]);
    expect(await keysOf(opened(), "app/1/")).toEqual(["app/1/a"]);
    expect(await keysOf(opened(), "app")).toEqual(["app/1/a", "app/12/b", "app/2/c", "apple"]);
    expect(await keysOf(opened(), "app/1/a")).toEqual(["app/1/a"]);
    expect(await keysOf(opened(), "app/1/a/")).toEqual([]);
  });

  it("lists in the order of UTF-8 bytes, folders and files mixed", async () => {
    const keys = [
      "a b",
      "a!",
      "a%41",
      "a+b",
      "a-b",
      "a.b",
      "a/b",
      "a/b.c",
      "a/b-c/d",
      "a=b",
      "aa",
      "Z",
      "é",
      "ﬀ",
      "😀/x",
      "日本",
      "a/b c/d",
      "a/%2F",
      "a/ü&<>'\"",
    ];
    for (const key of keys) await put(opened(), key);
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await keysOf(opened(), "")).toEqual(sorted);
    for (const key of keys) expect((await readAll(opened(), key)).toString()).toBe(key);
  });

  it("begins after a key, whether that one exists or not", async () => {
    for (const key of ["a/1", "a/2", "a/3/x", "a/3/y", "b"]) await put(opened(), key);
    expect(await keysOf(opened(), "", "a/2")).toEqual(["a/3/x", "a/3/y", "b"]);
    expect(await keysOf(opened(), "a/", "a/3")).toEqual(["a/3/x", "a/3/y"]);
    expect(await keysOf(opened(), "a/", "a/3/x")).toEqual(["a/3/y"]);
    expect(await keysOf(opened(), "a/", "b")).toEqual([]);
  });

  it("tells of each object what head tells", async () => {
    await put(opened(), "a/1", "four");
    for await (const listed of opened().list("", {}, LIVE)) {
      const head = await opened().head("a/1", LIVE);
      expect({ ...listed, readAt: "" }).toEqual({ ...head, readAt: "" });
      expect(listed.bytes).toBe(4);
    }
  });

  it("ends a listing when its signal aborts", async () => {
    for (const key of ["a", "b"]) await put(opened(), key);
    const reason = new Error("enough");
    const read = async () => {
      for await (const _ of opened().list("", {}, AbortSignal.abort(reason)));
    };
    await expect(read()).rejects.toBe(reason);
  });
}

function describeRead(opened: () => ObjectStore): void {
  it("knows what is absent", async () => {
    await put(opened(), "folder/object");
    expect(await opened().head("folder/other", LIVE)).toBeNull();
    expect(await opened().head("folder", LIVE)).toBeNull();
    expect(await opened().head("folder/object/below", LIVE)).toBeNull();
  });

  it("throws OBJECT_MISSING for an object that is not there", async () => {
    await expect(opened().read("folder/object", null, LIVE)).rejects.toMatchObject({
      problems: [{ code: "OBJECT_MISSING" }],
    });
  });

  it("reads a whole object, and any range of it with both ends included", async () => {
    await opened().write("object", bodyOfBytes(300_000), {}, LIVE);
    const whole = bytesOf(300_000);
    expect(await readAll(opened(), "object")).toEqual(whole);
    const range = async (first: number, last: number) =>
      gather(await opened().read("object", { first, last }, LIVE));
    expect(await range(0, 0)).toEqual(whole.subarray(0, 1));
    expect(await range(70_000, 200_000)).toEqual(whole.subarray(70_000, 200_001));
    expect(await range(299_999, 299_999)).toEqual(whole.subarray(299_999));
    expect(await range(299_990, 400_000)).toEqual(whole.subarray(299_990));
  });

  it("ends a stream with an error when its signal aborts", async () => {
    await opened().write("object", bodyOfBytes(3_000_000), {}, LIVE);
    const controller = new AbortController();
    const body = await opened().read("object", null, controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(gather(body)).rejects.toBe(reason);
  });

  it("dates objects by a clock that moves forward and lies behind no object", async () => {
    const before = await put(opened(), "first");
    const after = await put(opened(), "second");
    const head = await opened().head("first", LIVE);
    expect(msOf(head?.modifiedAt ?? "")).toBeLessThanOrEqual(msOf(head?.readAt ?? "") + 1000);
    expect(msOf(after.modifiedAt)).toBeGreaterThanOrEqual(msOf(before.modifiedAt) - 1000);
    // one clock, and not two: a busy server may date its answer some time after the object
    expect(Math.abs(msOf(before.modifiedAt) - msOf(head?.modifiedAt ?? ""))).toBeLessThanOrEqual(60_000);
  });
}
