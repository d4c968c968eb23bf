import { describe, expect, it } from "vitest";
import { type ObserveScope, observe } from "../../src/observe/observe.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { fail } from "../../src/problems/dbops-error.ts";
import {
  addBackup,
  backupsOf,
  breakingOff,
  clock,
  failing,
  listingsOf,
  mark,
  NOW_AT,
  nameOf,
  reachable,
  unreachable,
  world,
} from "./world.ts";

describe("a store", () => {
  it("that is readable tells its id, its clock, and what it holds of every database", async () => {
    const { stores, look } = world();
    addBackup(stores.primary, "app");
    const found = (await look()).stores["primary"];
    expect(found).toMatchObject({ state: "readable", storeId: "id-primary", clockAt: NOW_AT });
    expect(Object.keys(listingsOf(found))).toEqual(["app", "other"]);
    expect(backupsOf(found, "app")).toEqual([[nameOf("app"), "complete"]]);
    expect(backupsOf(found, "other")).toEqual([]);
  });

  it("that cannot be read is unreadable with its problem, never empty, and the others go on", async () => {
    const { stores, look } = world();
    addBackup(stores.dr, "app");
    const found = await look({ primary: unreachable("connect ECONNREFUSED") });
    expect(found.stores["primary"]).toMatchObject({
      state: "unreadable",
      problem: {
        code: "STORE_UNREADABLE",
        severity: "error",
        detail: expect.stringMatching(/store primary.*ECONNREFUSED/),
      },
    });
    expect(found.stores["primary"]).not.toHaveProperty("listings");
    expect(backupsOf(found.stores["dr"], "app")).toEqual([[nameOf("app"), "complete"]]);
  });

  it("without a mark is unreadable though it looks empty: a disk may not be mounted", async () => {
    const { stores, look } = world();
    stores.dr.drop("_dbops/store.json");
    expect((await look()).stores["dr"]).toMatchObject({
      state: "unreadable",
      problem: {
        code: "STORE_UNMARKED",
        detail: expect.stringMatching(/store dr/),
        fix: "dbops init stores production",
      },
    });
  });

  it("with a mark that is none is unreadable, and nothing invites to mark it again", async () => {
    const { stores, look } = world();
    stores.dr.put("_dbops/store.json", "<html></html>");
    const fix = "look at _dbops/store.json";
    expect((await look()).stores["dr"]).toMatchObject({
      state: "unreadable",
      problem: { code: "STORE_UNMARKED", detail: expect.stringMatching(/store dr/), fix },
    });
  });

  it("of another environment is unreadable, and both are named", async () => {
    const { stores, look } = world();
    mark(stores.dr, "dr", "staging");
    expect((await look()).stores["dr"]).toMatchObject({
      state: "unreadable",
      problem: { code: "STORE_FOREIGN", detail: expect.stringMatching(/store dr.*staging.*production/) },
    });
  });
});

describe("a listing", () => {
  it("that fails half-way makes its database unreadable there, and no other", async () => {
    const { stores, look } = world();
    for (const database of ["app", "other"]) addBackup(stores.primary, database);
    const found = await look({ primary: breakingOff(stores.primary, "app/") });
    expect(listingsOf(found.stores["primary"])["app"]).toMatchObject({
      state: "unreadable",
      problem: { code: "STORE_UNREADABLE", detail: expect.stringMatching(/app\/.*page 2/) },
    });
    expect(backupsOf(found.stores["primary"], "other")).toEqual([[nameOf("other"), "complete"]]);
  });

  it("of the runbook's files that fails half-way makes the database unreadable as well", async () => {
    const { stores, look } = world();
    stores.primary.put(`${nameOf("app")}.sql.gz.enc`, "x");
    const found = await look({ primary: breakingOff(stores.primary, "production_app_") });
    expect(listingsOf(found.stores["primary"])["app"]).toMatchObject({ state: "unreadable" });
  });

  it("of unfinished uploads that fails makes the database unreadable as well", async () => {
    const { stores, look } = world();
    const primary: ObjectStore = {
      ...stores.primary,
      unfinished: (prefix, signal) =>
        prefix === "app/" ? failing("ListMultipartUploads: 503") : stores.primary.unfinished(prefix, signal),
    };
    const found = listingsOf((await look({ primary })).stores["primary"]);
    expect(found["app"]).toMatchObject({
      state: "unreadable",
      problem: { detail: expect.stringMatching(/503/) },
    });
    expect(found["other"]).toMatchObject({ state: "listed" });
  });

  it("has unfinished uploads of its own database, sorted by key and id", async () => {
    const { stores, look } = world();
    const uploads = [
      { key: "app/20261124_010000/b", id: "2", startedAt: NOW_AT },
      { key: "app/20261124_010000/b", id: "1", startedAt: NOW_AT },
      { key: "app/20261124_010000/a", id: "9", startedAt: NOW_AT },
    ];
    for (const upload of uploads) stores.primary.begin(upload);
    stores.primary.begin({ key: "apple/x", id: "0", startedAt: NOW_AT });
    const found = listingsOf((await look()).stores["primary"])["app"];
    expect(found).toMatchObject({ state: "listed", uploads: [uploads[2], uploads[1], uploads[0]] });
  });

  it("reads no object but the mark", async () => {
    const { stores, look } = world();
    addBackup(stores.primary, "app");
    const reads: string[] = [];
    const primary: ObjectStore = {
      ...stores.primary,
      read: (key, ...rest) => {
        reads.push(key);
        return stores.primary.read(key, ...rest);
      },
    };
    await look({ primary });
    expect(reads).toEqual(["_dbops/store.json"]);
  });
});

describe("a database that is in no file any more", () => {
  it("is found through the locks of the records store, and listed in every store", async () => {
    const { stores, look } = world();
    for (const scope of ["gone", "gone.backup", "app", "app.backup", "environment"])
      stores.primary.put(`_dbops/locks/${scope}.json`, "{}");
    addBackup(stores.dr, "gone");
    const found = await look();
    expect(Object.keys(listingsOf(found.stores["primary"]))).toEqual(["app", "gone", "other"]);
    expect(backupsOf(found.stores["dr"], "gone")).toEqual([[nameOf("gone"), "complete"]]);
    expect(Object.keys(found.databases)).toEqual(["app", "other"]);
  });

  it("is found through its journal where there are no locks", async () => {
    const { stores, look } = world();
    for (const scope of ["gone", "gone.backup", "app.backup"])
      stores.primary.put(`_dbops/journal/${scope}/0000000001.json`, "{}");
    addBackup(stores.dr, "gone");
    const found = await look();
    expect(Object.keys(listingsOf(found.stores["primary"]))).toEqual(["app", "gone", "other"]);
    expect(backupsOf(found.stores["dr"], "gone")).toEqual([[nameOf("gone"), "complete"]]);
  });

  it("is listed when it is asked for by name, though no lock and no journal tells of it", async () => {
    const { stores, look } = world();
    addBackup(stores.dr, "gone");
    const found = await look({}, { databases: "none", orphan: "gone" });
    expect(backupsOf(found.stores["dr"], "gone")).toEqual([[nameOf("gone"), "complete"]]);
    const declared = await look({}, { databases: "none", orphan: "app" });
    expect(Object.keys(listingsOf(declared.stores["dr"]))).toEqual(["app", "other"]);
  });

  it.each(["_dbops/locks/", "_dbops/journal/"])(
    "is not overlooked in silence where %s cannot be listed: the records store is unreadable",
    async (prefix) => {
      const { stores, look } = world();
      stores.primary.put("_dbops/locks/gone.json", "{}");
      stores.primary.put("_dbops/journal/stray.json", "{}");
      const found = await look({ primary: breakingOff(stores.primary, prefix) });
      expect(found.stores["primary"]).toMatchObject({
        state: "unreadable",
        problem: { code: "STORE_UNREADABLE", detail: expect.stringMatching(/store primary.*page 2/) },
      });
      expect(found.stores["dr"]).toMatchObject({ state: "readable" });
    },
  );
});

describe("databases", () => {
  it("are asked as the scope says, and no other", async () => {
    const { look } = world();
    const asked = async (databases: ObserveScope["databases"]) =>
      Object.keys((await look({}, { databases })).databases);
    expect(await asked("all")).toEqual(["app", "other"]);
    expect(await asked("none")).toEqual([]);
    expect(await asked(["other"])).toEqual(["other"]);
  });

  it("that cannot be asked are unreadable, and the others go on", async () => {
    const { look } = world();
    const found = await look({}, undefined, (name) =>
      name === "app" ? fail("SECRET_UNAVAILABLE", "DB_PASSWORD is not set") : reachable(),
    );
    expect(found.databases["app"]).toMatchObject({
      state: "unreadable",
      problem: { code: "SECRET_UNAVAILABLE", detail: expect.stringMatching(/database app.*DB_PASSWORD/) },
    });
    expect(found.databases["other"]).toMatchObject({ state: "reachable" });
  });
});

describe("an observation", () => {
  it("is the same text for the same world", async () => {
    const { stores, look } = world();
    for (const database of ["app", "other"]) addBackup(stores.primary, database);
    expect(JSON.stringify(await look())).toBe(JSON.stringify(await look()));
  });

  it("is not made of half a look: an interrupt throws", async () => {
    const { environment, stores } = world();
    const controller = new AbortController();
    const ports = {
      clock,
      store: (name: string) => stores[name as "primary" | "dr"], // only these are declared
      postgres: () => {
        controller.abort(new Error("interrupted"));
        return reachable();
      },
    };
    await expect(observe(environment, { databases: "all" }, ports, controller.signal)).rejects.toThrow(
      "interrupted",
    );
  });
});
