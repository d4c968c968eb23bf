import { expect, it } from "vitest";
import { readOnly } from "../../../src/adapters/store-wrappers/read-only.ts";
import { bodyOf, keysOf, LIVE, readAll, unfinishedOf } from "../../contracts/object-store-bench.ts";
import { memoryStore } from "../../support/memory-store.ts";

it("looks like the store itself", async () => {
  const store = memoryStore();
  store.put("object", "text");
  store.begin({ key: "other", id: "1", startedAt: "2026-01-01T00:00:00.000Z" });
  const guarded = readOnly(store);
  expect(await keysOf(guarded, "")).toEqual(["object"]);
  expect(await guarded.head("object", LIVE)).toMatchObject({ bytes: 4 });
  expect((await readAll(guarded, "object")).toString()).toBe("text");
  expect((await unfinishedOf(guarded, "")).length).toBe(1);
});

it("throws INTERNAL at everything that would change the store, and changes nothing", async () => {
  const store = memoryStore();
  store.put("object", "text");
  const upload = { key: "other", id: "1", startedAt: "2026-01-01T00:00:00.000Z" };
  store.begin(upload);
  const etag = (await store.head("object", LIVE))?.etag ?? "";
  const guarded = readOnly(store);
  const body = bodyOf("x");
  const calls = [
    () => guarded.write("new", body, {}, LIVE),
    () => guarded.replace("object", Buffer.from("x"), { etag }, LIVE),
    () => guarded.replace("new", Buffer.from("x"), "absent", LIVE),
    () => guarded.remove("object", { etag }, LIVE),
    () => guarded.discard(upload, LIVE),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject({ problems: [{ code: "INTERNAL" }] });
  expect(body.destroyed).toBe(true);
  expect(store.keys()).toEqual(["object"]);
  expect(store.text("object")).toBe("text");
  expect(await unfinishedOf(store, "")).toEqual([upload]);
});
