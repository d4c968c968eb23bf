import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assembleBackups, type ListedObject } from "../../src/model/assemble-backups.ts";
import { backupName, folderOf } from "../../src/model/layout.ts";

const NAME = backupName("production", "app", "20261124_010000");
const FOLDER = folderOf(NAME);

describe("a backup in its own folder", () => {
  it("is complete when everything that the layout demands is there", () => {
    expect(assemble(backup())).toEqual([
      {
        name: NAME,
        database: "app",
        at: "2026-11-24T01:00:00.000Z",
        layout: "directory",
        state: "complete",
        origin: "scheduled",
        bytes: 50,
        etag: `etag of ${FOLDER}manifest.json`,
        modifiedAt: "2026-11-24T01:05:00.000Z",
        proofs: [],
        holds: [],
      },
    ]);
  });

  it.each(backup().map((object) => object.key))("is incomplete without %s", (key) => {
    const [found] = assemble(backup().filter((object) => object.key !== key));
    expect(found).toMatchObject({ name: NAME, state: "incomplete" });
  });

  it.each(
    backup()
      .filter((one) => !one.key.includes("/origin/"))
      .map((object) => object.key),
  )("is incomplete with an empty %s", (key) => {
    const [found] = assemble(backup().map((one) => (one.key === key ? { ...one, bytes: 0 } : one)));
    expect(found?.state).toBe("incomplete");
  });

  it("is the same in whatever order it was listed", () => {
    const objects = [...backup(), ...backup("20261125_010000")];
    const expected = assemble(objects);
    fc.assert(
      fc.property(fc.shuffledSubarray(objects, { minLength: objects.length }), (shuffled) => {
        expect(assemble(shuffled)).toEqual(expected);
      }),
    );
  });

  it("has proofs by time and holds by name, which count neither as content nor as bytes", () => {
    const [found] = assemble([
      ...backup(),
      object(`${FOLDER}proof/20261126_000000.failed.json`, "2026-11-26T00:00:00.000Z"),
      object(`${FOLDER}proof/20261125_000000.passed.json`, "2026-11-25T00:00:00.000Z"),
      object(`${FOLDER}hold/b.json`),
      object(`${FOLDER}hold/a.json`),
    ]);
    expect(found).toMatchObject({
      state: "complete",
      bytes: 50,
      modifiedAt: "2026-11-26T00:00:00.000Z",
      proofs: [
        { at: "2026-11-25T00:00:00.000Z", passed: true },
        { at: "2026-11-26T00:00:00.000Z", passed: false },
      ],
      holds: ["a", "b"],
    });
  });

  it("is shown, incomplete and without an etag, when only a leftover of it is there", () => {
    const [found] = assemble([object(`${FOLDER}${NAME}.dump.zst.age`)]);
    expect(found).toMatchObject({ name: NAME, state: "incomplete", etag: null, origin: null });
  });

  it("is not made complete by the objects of another environment or time", () => {
    const foreign = backup().map((one) => ({
      ...one,
      key: one.key.replace("production_app", "staging_app"),
    }));
    const moved = backup().map((one) => ({ ...one, key: one.key.replace("app_2026", "app_2025") }));
    expect(assemble(foreign)).toMatchObject([{ name: NAME, state: "incomplete" }]);
    expect(assemble(moved)).toMatchObject([{ name: NAME, state: "incomplete" }]);
  });
});

describe("the runbook's files", () => {
  it("are complete backups with their checksum, of no origin", () => {
    expect(assemble(files())).toEqual([
      {
        name: NAME,
        database: "app",
        at: "2026-11-24T01:00:00.000Z",
        layout: "classic",
        state: "complete",
        origin: null,
        bytes: 266,
        etag: `etag of ${NAME}.sql.gz.enc`,
        modifiedAt: "2026-11-24T01:05:00.000Z",
        proofs: [],
        holds: [],
      },
    ]);
  });

  it("are of the origin that the marker of dbops beside them tells, which is none of their bytes", () => {
    const marked = (origin: string) => assemble([object(`${NAME}.origin.${origin}`), ...files()]);
    expect(marked("forced")).toMatchObject([{ state: "complete", origin: "forced", bytes: 266 }]);
    expect(marked("cron")).toMatchObject([{ state: "complete", origin: null }]);
  });

  it("are incomplete without checksum, without file, or smaller than any dump", () => {
    const [file, checksum] = files();
    const small = [0, 48, 255].map((bytes) => [{ ...file, bytes }, checksum]);
    for (const objects of [[file], [checksum], ...small])
      expect(assemble(objects)).toMatchObject([{ name: NAME, layout: "classic", state: "incomplete" }]);
  });

  it("are held by what stands beside them, which is none of their bytes", () => {
    const holds = ["restore-1a2b3c4d.json", "incident 42", "incident 42.json"].map((id) =>
      object(`${NAME}.hold.${id}`),
    );
    expect(assemble([...holds, ...files()])).toMatchObject([
      { name: NAME, state: "complete", bytes: 266, holds: ["incident 42", "restore-1a2b3c4d"] },
    ]);
    expect(assemble(holds)).toMatchObject([{ name: NAME, state: "incomplete", etag: null, bytes: 0 }]);
  });

  it("stand beside a folder of the same name as another backup", () => {
    expect(assemble([...backup(), ...files()]).map((one) => [one.name, one.layout])).toEqual([
      [NAME, "classic"],
      [NAME, "directory"],
    ]);
  });
});

describe("what belongs to another", () => {
  it("database, `a_b` beside `a`, is not shown, in either layout", () => {
    const theirs = backupName("production", "a_b", "20261124_010000");
    const mine = backupName("production", "a", "20261124_020000");
    const objects = [theirs, mine].flatMap((name) => [
      object(`${name}.sql.gz.enc`),
      object(`${name}.sql.gz.enc.sha256`),
      object(`${folderOf(name)}manifest.json`),
    ]);
    const names = (database: string) => [
      ...new Set(assembleBackups("production", database, objects).map((one) => one.name)),
    ];
    expect(names("a")).toEqual([mine]);
    expect(names("a_b")).toEqual([theirs]);
  });

  it("environment is not shown, though its name continues this one's", () => {
    const theirs = backupName("production-eu", "app", "20261124_010000");
    expect(assemble([object(`${theirs}.sql.gz.enc`), object(`${theirs}.sql.gz.enc.sha256`)])).toEqual([]);
  });

  it("layout is not shown", () => {
    expect(
      assemble(["app/notes.txt", "app/latest/manifest.json", "_dbops/store.json"].map((key) => object(key))),
    ).toEqual([]);
  });
});

describe("a folder that holds what the layout does not know", () => {
  it("says so, whether its backup is complete or not", () => {
    const strange = [object(`${FOLDER}notes.txt`), object(`${FOLDER}${NAME}.sql.gz.enc`)];
    expect(assemble([...backup(), ...strange])).toMatchObject([
      { name: NAME, state: "complete", unknown: ["notes.txt", `${NAME}.sql.gz.enc`] },
    ]);
    expect(assemble(strange)).toMatchObject([
      { name: NAME, state: "incomplete", unknown: ["notes.txt", `${NAME}.sql.gz.enc`] },
    ]);
  });

  it("counts a signature as such where the manifest is missing", () => {
    const signature = object(`${FOLDER}manifest.json.sig`);
    expect(assemble([...backup(), signature])[0]?.unknown).toBeUndefined();
    expect(assemble([signature])[0]?.unknown).toEqual(["manifest.json.sig"]);
  });
});

it("sorts backups by name", () => {
  const objects = ["20261125_010000", "20261124_010000", "20251124_010000"].flatMap((stamp) => backup(stamp));
  expect(assemble(objects).map((one) => one.at)).toEqual([
    "2025-11-24T01:00:00.000Z",
    "2026-11-24T01:00:00.000Z",
    "2026-11-25T01:00:00.000Z",
  ]);
});

function assemble(objects: readonly ListedObject[]) {
  return assembleBackups("production", "app", objects);
}

/** Every object of a complete backup. */
function backup(stamp = "20261124_010000"): readonly ListedObject[] {
  const name = backupName("production", "app", stamp);
  const folder = folderOf(name);
  return [
    object(`${folder}RESTORE.md`),
    object(`${folder}manifest.json`),
    { ...object(`${folder}origin/scheduled`), bytes: 0 },
    object(`${folder}${name}.detail.json.age`),
    object(`${folder}${name}.dump.zst.age`),
    object(`${folder}${name}.globals.sql.zst.age`),
  ];
}

/** The runbook's file, as small as it may be, and its checksum. */
function files(): readonly [ListedObject, ListedObject] {
  return [{ ...object(`${NAME}.sql.gz.enc`), bytes: 256 }, object(`${NAME}.sql.gz.enc.sha256`)];
}

function object(key: string, modifiedAt = "2026-11-24T01:05:00.000Z"): ListedObject {
  return { key, bytes: 10, etag: `etag of ${key}`, modifiedAt };
}
