import { expect, it } from "vitest";
import { listScopes } from "../../src/ports/list-scopes.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { never } from "../apply/build.ts";
import { memoryStore } from "../support/memory-store.ts";

it("finds every scope that has a lock or a journal, sorted, each once", async () => {
  const store = memoryStore();
  for (const scope of ["b", "a.backup", "a"]) store.put(`_dbops/locks/${scope}.json`, "{}");
  for (const scope of ["a", "a-b", "a.backup", "a_b.backup", "z"])
    for (let number = 1; number <= 12; number += 1)
      store.put(`_dbops/journal/${scope}/${String(number).padStart(10, "0")}.json`, "{}");
  expect(await listScopes(store, never)).toEqual(["a", "a-b", "a.backup", "a_b.backup", "b", "z"]);
});

it("finds none in a store where nobody worked, and takes no other object for one", async () => {
  const store = memoryStore();
  store.put("_dbops/store.json", "{}");
  store.put("_dbops/locks/app.json.next.0123", "{}");
  store.put("_dbops/journal/stray.json", "{}");
  expect(await listScopes(store, never)).toEqual([]);
});

it("does not read through the entries of a long journal", async () => {
  const store = memoryStore();
  for (let number = 1; number <= 2_000; number += 1)
    store.put(`_dbops/journal/app/${String(number).padStart(10, "0")}.json`, "{}");
  let listed = 0;
  const counted: ObjectStore = {
    ...store,
    list: async function* (...all) {
      for await (const info of store.list(...all)) {
        listed += 1;
        yield info;
      }
    },
  };
  expect(await listScopes(counted, never)).toEqual(["app"]);
  expect(listed).toBe(1);
});

it("throws where it could not look", async () => {
  const store = memoryStore();
  const broken: ObjectStore = {
    ...store,
    // biome-ignore lint/correctness/useYield: it breaks off before the first key
    list: async function* () {
      throw new Error("timed out");
    },
  };
  await expect(listScopes(broken, never)).rejects.toThrow("timed out");
});

it("asks about once for each scope that has a lock, and finds the journals between them", async () => {
  const store = memoryStore();
  const locked = Array.from({ length: 30 }, (_, index) => `db_${10 + index}.backup`);
  for (const scope of locked) store.put(`_dbops/locks/${scope}.json`, "{}");
  for (const scope of [...locked, "a", "db_12", "db_12-b", "z"])
    for (let number = 1; number <= 5; number += 1)
      store.put(`_dbops/journal/${scope}/${String(number).padStart(10, "0")}.json`, "{}");
  let listings = 0;
  const counted: ObjectStore = {
    ...store,
    list: (...all) => {
      listings += 1;
      return store.list(...all);
    },
  };
  expect(await listScopes(counted, never)).toEqual([...locked, "a", "db_12", "db_12-b", "z"].sort());
  expect(listings).toBe(1 + 31 + 4);
});
