import { beforeEach, describe, expect, it } from "vitest";
import type { ObjectInfo, ObjectStore } from "../../src/ports/object-store.ts";
import {
  bodyOf,
  keysOf,
  LIVE,
  leftUnder,
  type ObjectStoreBench,
  type ObjectStoreTraits,
  put,
  readAll,
  stallingBody,
  unfinishedOf,
} from "./object-store-bench.ts";

/** What every ObjectStore promises about replacing, removing and clearing away. */
export function describeChanging(bench: ObjectStoreBench): void {
  let store: ObjectStore;
  beforeEach(async () => {
    store = await bench.open();
  });
  describe(`${bench.name}: replace`, () => describeReplace(() => store));
  describe(`${bench.name}: racing replace`, () => describeRaces(() => store));
  describe(`${bench.name}: remove`, () => describeRemove(() => store));
  describe(`${bench.name}: unfinished`, () => describeUnfinished(() => store, bench.traits));
}

const KEY = "_dbops/locks/app.json";

function describeReplace(opened: () => ObjectStore): void {
  it("creates what is expected to be absent, once", async () => {
    expect(await replace(opened(), "one", "absent")).toMatchObject({ key: KEY, bytes: 3 });
    expect(await replace(opened(), "two", "absent")).toBe("changed");
    expect((await readAll(opened(), KEY)).toString()).toBe("one");
  });

  it("replaces the content with the expected etag, and the etag with it", async () => {
    const one = won(await replace(opened(), "one", "absent"));
    const two = won(await replace(opened(), "two", { etag: one.etag }));
    expect(two.etag).not.toBe(one.etag);
    expect(await opened().head(KEY, LIVE)).toMatchObject({ etag: two.etag, bytes: 3 });
    expect((await readAll(opened(), KEY)).toString()).toBe("two");
    expect(await leftUnder(opened(), "_dbops/")).toEqual([KEY]);
  });

  it("refuses an etag that is no longer there", async () => {
    const one = won(await replace(opened(), "one", "absent"));
    won(await replace(opened(), "two", { etag: one.etag }));
    expect(await replace(opened(), "three", { etag: one.etag })).toBe("changed");
    expect((await readAll(opened(), KEY)).toString()).toBe("two");
  });

  it("says that there is nothing to replace", async () => {
    const one = won(await replace(opened(), "one", "absent"));
    await opened().remove(KEY, { etag: one.etag }, LIVE);
    expect(await replace(opened(), "two", { etag: one.etag })).toBe("absent");
    expect(await keysOf(opened(), "")).toEqual([]);
  });

  it("replaces many times in a row, back to an old content too", async () => {
    let current = won(await replace(opened(), "a", "absent"));
    for (const text of ["b", "a", "a", "b", "c", "a"]) {
      current = won(await replace(opened(), text, { etag: current.etag }));
      expect((await readAll(opened(), KEY)).toString()).toBe(text);
    }
    expect(await leftUnder(opened(), "")).toEqual([KEY]);
  });

  it("replaces what a write made", async () => {
    const written = await put(opened(), KEY, "written");
    won(await replace(opened(), "replaced", { etag: written.etag }));
    expect((await readAll(opened(), KEY)).toString()).toBe("replaced");
  });

  it("does nothing when its signal has aborted already", async () => {
    const reason = new Error("interrupted");
    const call = opened().replace(KEY, Buffer.from("x"), "absent", AbortSignal.abort(reason));
    await expect(call).rejects.toBe(reason);
    expect(await opened().head(KEY, LIVE)).toBeNull();
  });
}

function describeRaces(opened: () => ObjectStore): void {
  it("lets one of 16 win, in each of several rounds", async () => {
    let expected: { etag: string } | "absent" = "absent";
    for (let round = 0; round < 8; round += 1) {
      const texts = Array.from({ length: 16 }, (_, n) => `${round} ${n}`);
      const from = expected;
      const outcomes = await Promise.all(texts.map((text) => replace(opened(), text, from)));
      const winners = outcomes.filter((one) => one !== "changed");
      expect(winners.length).toBe(1);
      const head = await opened().head(KEY, LIVE);
      expect(winners.map((one) => (one === "absent" ? null : one.etag))).toContain(head?.etag);
      const stored = (await readAll(opened(), KEY)).toString();
      const etags = outcomes.map((one) => (typeof one === "string" ? one : one.etag));
      expect(texts[etags.indexOf(head?.etag ?? "")]).toBe(stored);
      expected = { etag: head?.etag ?? "" };
    }
  });

  it("counts no increment twice and loses none when 8 workers retry", async () => {
    won(await replace(opened(), "0", "absent"));
    await Promise.all(Array.from({ length: 8 }, () => increment(opened(), 5)));
    expect((await readAll(opened(), KEY)).toString()).toBe("40");
  });
}

async function increment(store: ObjectStore, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const head = await store.head(KEY, LIVE);
    const count = Number((await readAll(store, KEY)).toString());
    const again = await store.head(KEY, LIVE);
    if (head === null || head.etag !== again?.etag) continue;
    const outcome = await replace(store, String(count + 1), { etag: head.etag });
    if (typeof outcome !== "string") done += 1;
  }
}

function describeRemove(opened: () => ObjectStore): void {
  it("removes the object with the expected etag", async () => {
    const info = await put(opened(), "app/1/object");
    await put(opened(), "app/1/other");
    expect(await opened().remove("app/1/object", { etag: info.etag }, LIVE)).toBe("removed");
    expect(await keysOf(opened(), "")).toEqual(["app/1/other"]);
    expect(await opened().remove("app/1/object", { etag: info.etag }, LIVE)).toBe("absent");
  });

  it("keeps an object with another etag", async () => {
    const other = await put(opened(), "other", "some other text");
    await put(opened(), "object", "the text");
    expect(await opened().remove("object", { etag: other.etag }, LIVE)).toBe("changed");
    expect((await readAll(opened(), "object")).toString()).toBe("the text");
  });

  it("removes what took several writes, and its key is free again", async () => {
    const info = await put(opened(), "app/1/object", "one");
    await opened().remove("app/1/object", { etag: info.etag }, LIVE);
    await put(opened(), "app/1/object", "two");
    expect((await readAll(opened(), "app/1/object")).toString()).toBe("two");
  });

  // MinIO once answered a writer with 403 at the moment it removed the folder: of a store that always does so, every try fails
  it("lets writers come into a folder that removals empty at the same time", { retry: 2 }, async () => {
    for (let round = 0; round < 10; round += 1) {
      for await (const { key, etag } of opened().list(`app/${round}/`, {}, LIVE))
        await opened().remove(key, { etag }, LIVE);
      const old = await put(opened(), `app/${round}/old`);
      const [removed] = await Promise.all([
        opened().remove(`app/${round}/old`, { etag: old.etag }, LIVE),
        put(opened(), `app/${round}/new`),
        put(opened(), `app/${round}/deep/new`),
      ]);
      expect(removed).toBe("removed");
      expect(await keysOf(opened(), `app/${round}/`)).toEqual([`app/${round}/deep/new`, `app/${round}/new`]);
    }
  });
}

function describeUnfinished(opened: () => ObjectStore, { partBytes }: ObjectStoreTraits): void {
  it("lists a write that has begun, and clears it away", async () => {
    const { body, stalled } = stallingBody(2 * partBytes);
    const written = opened().write("app/1/object", body, {}, LIVE);
    written.catch(() => undefined); // it loses what it wrote: nobody asks for the outcome
    await stalled;
    await put(opened(), "app/1/whole");
    const uploads = await unfinishedOf(opened(), "app/1/object");
    expect(uploads.map((one) => one.key)).toEqual(["app/1/object"]);
    expect(await unfinishedOf(opened(), "app/2/")).toEqual([]);
    for (const upload of uploads) await opened().discard(upload, LIVE);
    for (const upload of uploads) await opened().discard(upload, LIVE);
    expect(await unfinishedOf(opened(), "app/1/object")).toEqual([]);
    expect(await keysOf(opened(), "")).toEqual(["app/1/whole"]);
    body.destroy();
  });

  it("has none after a write that ended", async () => {
    expect(await opened().write("object", bodyOf(Buffer.alloc(partBytes + 1)), {}, LIVE)).not.toBe("exists");
    expect(await unfinishedOf(opened(), "")).toEqual([]);
  });
}

function replace(store: ObjectStore, text: string, expected: { etag: string } | "absent") {
  return store.replace(KEY, Buffer.from(text), expected, LIVE);
}

function won(outcome: ObjectInfo | "changed" | "absent"): ObjectInfo {
  if (typeof outcome === "string") throw new Error(`the store answered ${outcome}`);
  return outcome;
}
