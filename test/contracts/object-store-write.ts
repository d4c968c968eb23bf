import { Readable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import {
  bodyOf,
  bodyOfBytes,
  bytesOf,
  chunksOf,
  LIVE,
  leftUnder,
  type ObjectStoreBench,
  type ObjectStoreTraits,
  put,
  readAll,
  stallingBody,
} from "./object-store-bench.ts";

/** What every ObjectStore promises about writing. */
export function describeWriting(bench: ObjectStoreBench): void {
  let store: ObjectStore;
  beforeEach(async () => {
    store = await bench.open();
  });
  describe(`${bench.name}: write`, () => describeWrite(() => store, bench.traits));
  describe(`${bench.name}: a write that fails`, () => describeFailing(() => store, bench.traits));
  describe(`${bench.name}: exclusive creation`, () => describeExclusive(() => store, bench.traits));
}

function describeWrite(opened: () => ObjectStore, { partBytes }: ObjectStoreTraits): void {
  const sizes = [0, 1, partBytes - 1, partBytes, partBytes + 1, 2 * partBytes, 2 * partBytes + 12_345];
  it.each(sizes)("writes an object of %d bytes as it is", async (bytes) => {
    const info = await opened().write("folder/object", bodyOfBytes(bytes), {}, LIVE);
    expect(info).toMatchObject({ key: "folder/object", bytes });
    const head = await opened().head("folder/object", LIVE);
    expect(head).toMatchObject({ bytes, etag: info === "exists" ? "" : info.etag });
    expect((await readAll(opened(), "folder/object")).equals(bytesOf(bytes))).toBe(true);
    expect(await leftUnder(opened(), "folder/object")).toEqual(["folder/object"]);
  });

  it("shows nothing of an object before its body has ended", async () => {
    const { body, release, stalled } = stallingBody(partBytes + 1000);
    const written = opened().write("object", body, {}, LIVE);
    await stalled;
    expect(await opened().head("object", LIVE)).toBeNull();
    await expect(opened().read("object", null, LIVE)).rejects.toThrow();
    release();
    expect(await written).toMatchObject({ bytes: partBytes + 1000 });
    expect(await opened().head("object", LIVE)).toMatchObject({ bytes: partBytes + 1000 });
  });

  it("writes several objects into one new folder side by side", async () => {
    const keys = Array.from({ length: 12 }, (_, n) => `new/folder/${n % 3}/${n}`);
    await Promise.all(keys.map((key) => put(opened(), key)));
    expect([...(await leftUnder(opened(), "new/"))].sort()).toEqual([...keys].sort());
  });
}

function describeFailing(opened: () => ObjectStore, { partBytes }: ObjectStoreTraits): void {
  it.each([0, 1000, partBytes + 1000, 2 * partBytes])(
    "leaves nothing when its body fails after %d bytes",
    async (bytes) => {
      const failure = new Error("pg_dump exited with 1");
      async function* failing(): AsyncGenerator<Buffer> {
        yield* chunksOf(bytes);
        throw failure;
      }
      const body = Readable.from(failing(), { objectMode: false });
      await expect(opened().write("object", body, {}, LIVE)).rejects.toBe(failure);
      expect(await opened().head("object", LIVE)).toBeNull();
      expect(await leftUnder(opened(), "object")).toEqual([]);
    },
  );

  it.each([0, 1000, partBytes + 1000])(
    "leaves nothing when it is aborted while its body has stalled after %d bytes",
    async (bytes) => {
      const { body, stalled } = stallingBody(bytes);
      const controller = new AbortController();
      const reason = new Error("interrupted");
      const written = opened().write("object", body, {}, controller.signal);
      written.catch(() => undefined); // looked at below
      await stalled;
      controller.abort(reason);
      await expect(written).rejects.toBe(reason);
      expect(body.destroyed).toBe(true);
      expect(await leftUnder(opened(), "object")).toEqual([]);
    },
  );

  it("takes nothing from a body that was destroyed before", async () => {
    const body = bodyOf("half");
    body.destroy();
    await expect(opened().write("object", body, {}, LIVE)).rejects.toThrow();
    expect(await leftUnder(opened(), "object")).toEqual([]);
  });

  it("does not begin when its signal has aborted already", async () => {
    const reason = new Error("interrupted");
    const body = bodyOf("x");
    await expect(opened().write("object", body, {}, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(body.destroyed).toBe(true);
    expect(await leftUnder(opened(), "object")).toEqual([]);
  });
}

function describeExclusive(opened: () => ObjectStore, traits: ObjectStoreTraits): void {
  it.each([10, traits.partBytes + 10])("never overwrites, with a body of %d bytes", async (bytes) => {
    await put(opened(), "object", "the first");
    const body = bodyOfBytes(bytes);
    expect(await opened().write("object", body, {}, LIVE)).toBe("exists");
    expect(body.destroyed).toBe(true);
    expect((await readAll(opened(), "object")).toString()).toBe("the first");
    expect(await leftUnder(opened(), "object")).toEqual(["object"]);
  });

  it("never overwrites what appeared while the body was flowing", async () => {
    const { body, release, stalled } = stallingBody(traits.partBytes + 10);
    const written = opened().write("object", body, {}, LIVE);
    await stalled;
    await put(opened(), "object", "the first");
    release();
    expect(await written).toBe("exists");
    expect((await readAll(opened(), "object")).toString()).toBe("the first");
    expect(await leftUnder(opened(), "object")).toEqual(["object"]);
  });

  it.each([1, traits.partBytes + 1])("lets one of 16 racing writers of %d bytes win", async (bytes) => {
    const writers = Array.from({ length: bytes === 1 ? 16 : 4 }, (_, n) => Buffer.alloc(bytes, `${n % 10}`));
    const outcomes = await Promise.all(
      writers.map((content) => opened().write("object", bodyOf(content), {}, LIVE)),
    );
    const winners = writers.filter((_, n) => outcomes[n] !== "exists");
    expect(winners.length).toBe(1);
    const stored = await readAll(opened(), "object");
    expect(winners.some((content) => content.equals(stored))).toBe(true);
    expect(await leftUnder(opened(), "object")).toEqual(["object"]);
  });
}
