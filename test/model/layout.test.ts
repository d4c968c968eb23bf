import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ORIGINS } from "../../src/model/backup.ts";
import { instantOf } from "../../src/model/instant.ts";
import {
  backupFolder,
  backupName,
  backupScope,
  classicDigestKey,
  classicHoldingKeys,
  classicHoldKey,
  classicKey,
  classicPrefix,
  databasePrefix,
  folderOf,
  freeStamp,
  holdingKeys,
  holdKey,
  journalKey,
  lockKey,
  MANIFEST,
  objectKey,
  originKey,
  parseBackupKey,
  parseBackupName,
  parseClassicKey,
  parseJournalKey,
  planKey,
  proofKey,
} from "../../src/model/layout.ts";
import type { Manifest, ObjectRole } from "../../src/model/manifest.ts";

const environments = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const databases = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,40}$/);
const stamps = fc
  .integer({ min: Date.UTC(2000, 0, 1) / 1000, max: Date.UTC(2099, 11, 31) / 1000 })
  .map((seconds) =>
    instantOf(seconds * 1000)
      .slice(0, 19)
      .replaceAll(/[-:]/g, "")
      .replace("T", "_"),
  );
const roles = fc.constantFrom<ObjectRole>("archive", "globals", "detail", "restore-guide");
const encryptions = fc.constantFrom<Manifest["encryption"]>("age", "age-passphrase", "none");
const compressions = fc.constantFrom({ zstd: 3 }, "none" as const);

describe("the keys of contract 3", () => {
  const name = backupName("production", "trading_signals", "20261124_010000");
  const folder = folderOf(name);

  it("are these", () => {
    expect(name).toBe("production_trading_signals_20261124_010000");
    expect(folder).toBe("trading_signals/20261124_010000/");
    const sealed = (role: ObjectRole) =>
      objectKey(name, role, { compression: { zstd: 1 }, encryption: "age" });
    expect(sealed("archive")).toBe("production_trading_signals_20261124_010000.dump.zst.age");
    expect(sealed("globals")).toBe("production_trading_signals_20261124_010000.globals.sql.zst.age");
    expect(sealed("detail")).toBe("production_trading_signals_20261124_010000.detail.json.age");
    expect(sealed("restore-guide")).toBe("RESTORE.md");
    expect(originKey("scheduled")).toBe("origin/scheduled");
    expect(proofKey("2026-11-25T03:04:05.000Z", true)).toBe("proof/20261125_030405.passed.json");
    expect(proofKey("2026-11-25T03:04:05.000Z", false)).toBe("proof/20261125_030405.failed.json");
    expect(holdKey("before-migration")).toBe("hold/before-migration.json");
    expect(planKey("c0ffee")).toBe("_dbops/plans/c0ffee.yaml");
    expect(journalKey("trading_signals", 42)).toBe("_dbops/journal/trading_signals/0000000042.json");
    expect(lockKey(backupScope("trading_signals"))).toBe("_dbops/locks/trading_signals.backup.json");
  });

  it("leave out what was not done to the bytes", () => {
    expect(objectKey(name, "archive", { compression: "none", encryption: "none" })).toBe(`${name}.dump`);
    expect(objectKey(name, "globals", { compression: "none", encryption: "age-passphrase" })).toBe(
      `${name}.globals.sql.age`,
    );
    expect(objectKey(name, "detail", { compression: { zstd: 1 }, encryption: "none" })).toBe(
      `${name}.detail.json`,
    );
  });

  it("sort journal entries by number", () => {
    const keys = [1, 9, 10, 99, 1_000_000].map((number) => journalKey("app", number));
    expect([...keys].sort()).toEqual(keys);
  });
});

describe("parse of format", () => {
  it("gives back a backup's name: '-' in environments, '_' and '-' and stamps in databases", () => {
    const check = (environment: string, database: string, stamp: string) => {
      const name = backupName(environment, database, stamp);
      expect(parseBackupName(name)).toMatchObject({ environment, database, stamp });
      expect(folderOf(name)).toBe(backupFolder(database, stamp));
    };
    fc.assert(fc.property(environments, databases, stamps, check));
    check("us-east-1", "a_b", "20261124_010000");
    check("production", "app_20260101_000000", "20261124_010000");
    check("production", "20260101_000000", "20261124_010000");
  });

  it("gives back every object of a backup, whatever was done to its bytes", () => {
    fc.assert(
      fc.property(
        fc.tuple(environments, databases, stamps),
        roles,
        compressions,
        encryptions,
        ([environment, database, stamp], role, compression, encryption) => {
          const name = backupName(environment, database, stamp);
          const key = `${folderOf(name)}${objectKey(name, role, { compression, encryption })}`;
          expect(parseBackupKey(environment, database, key)).toEqual({ kind: "object", stamp, role });
        },
      ),
    );
  });

  it("gives back manifests, signatures, origins, proofs and holds", () => {
    fc.assert(
      fc.property(
        fc.tuple(environments, databases, stamps, stamps),
        fc.constantFrom(...ORIGINS),
        fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
        fc.boolean(),
        ([environment, database, stamp, proven], origin, id, passed) => {
          const at = parseBackupName(`a_b_${proven}`)?.at ?? "";
          const parse = (rest: string) =>
            parseBackupKey(environment, database, `${backupFolder(database, stamp)}${rest}`);
          expect(parse(MANIFEST)).toEqual({ kind: "manifest", stamp });
          expect(parse(`${MANIFEST}.sig`)).toEqual({ kind: "signature", stamp });
          expect(parse(originKey(origin))).toEqual({ kind: "origin", stamp, origin });
          expect(parse(proofKey(at, passed))).toEqual({ kind: "proof", stamp, at, passed });
          expect(parse(holdKey(id))).toEqual({ kind: "hold", stamp, id });
          for (const key of holdingKeys(id)) expect(parse(key)).toEqual({ kind: "hold", stamp, id });
        },
      ),
    );
  });

  it("gives back the runbook's file and its checksum", () => {
    fc.assert(
      fc.property(environments, databases, stamps, fc.boolean(), (environment, database, stamp, checksum) => {
        const name = backupName(environment, database, stamp);
        const key = checksum ? classicDigestKey(name) : classicKey(name);
        expect(key).toBe(`${name}.sql.gz.enc${checksum ? ".sha256" : ""}`);
        expect(key.startsWith(classicPrefix(environment, database))).toBe(true);
        const kind = checksum ? "checksum" : "file";
        expect(parseClassicKey(key)).toMatchObject({ name, environment, database, kind });
      }),
    );
  });

  it("gives back a hold of the runbook's file, which stands beside it", () => {
    const ids = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/);
    fc.assert(
      fc.property(environments, databases, stamps, ids, (environment, database, stamp, id) => {
        const name = backupName(environment, database, stamp);
        expect(classicHoldKey(name, id)).toBe(`${name}.hold.${id}.json`);
        expect(classicHoldKey(name, id).startsWith(classicPrefix(environment, database))).toBe(true);
        for (const key of [classicHoldKey(name, id), ...classicHoldingKeys(name, id)])
          expect(parseClassicKey(key)).toMatchObject({ name, environment, database, kind: "hold", id });
      }),
    );
  });

  it("gives back the number of a journal entry", () => {
    fc.assert(
      fc.property(databases, fc.integer({ min: 1, max: 9_999_999_999 }), (scope, number) => {
        expect(parseJournalKey(scope, journalKey(scope, number))).toBe(number);
        expect(parseJournalKey(backupScope(scope), journalKey(scope, number))).toBeNull();
      }),
    );
  });
});

describe("what is no key of the layout", () => {
  const folder = "app/20261124_010000/";

  it.each([
    ["manifest.json in a folder that is no stamp", "app/latest/manifest.json", null],
    ["a stamp that is no date", "app/20261399_010000/manifest.json", null],
    ["another database", "apple/20261124_010000/manifest.json", null],
    ["a file beside the folders", "app/notes.txt", null],
    ["an unknown file", `${folder}notes.txt`, "20261124_010000"],
    ["the folder itself", folder, "20261124_010000"],
    ["a name of another environment", `${folder}staging_app_20261124_010000.dump`, "20261124_010000"],
    ["a name of another time", `${folder}production_app_20261125_010000.dump`, "20261124_010000"],
    ["a longer name", `${folder}production_app_20261124_010000.dump.zst.age.tmp`, "20261124_010000"],
    ["an origin that nobody knows", `${folder}origin/magic`, "20261124_010000"],
    ["a proof without outcome", `${folder}proof/20261124_010000.json`, "20261124_010000"],
    ["a proof at no date", `${folder}proof/20260230_010000.passed.json`, "20261124_010000"],
    ["a manifest further down", `${folder}old/manifest.json`, "20261124_010000"],
  ])("is other: %s", (_what, key, stamp) => {
    expect(parseBackupKey("production", "app", key)).toEqual({ kind: "other", stamp });
  });

  it.each([
    "production_app_20261124_010000",
    "production_app_20261124_010000.sql.gz",
    "app/production_app_20261124_010000.sql.gz.enc",
    "production_app_20261324_010000.sql.gz.enc",
    "Production_app_20261124_010000.sql.gz.enc",
    "production_app_20261124_010000.sql.gz.enc.sha1",
    "production_app_20261124_010000.hold.",
    "production_app_20261124_010000.hold",
  ])("is no file of the runbook: %s", (key) => {
    expect(parseClassicKey(key)).toBeNull();
  });

  it("is no folder: what is no name throws", () => {
    expect(() => folderOf("../../etc")).toThrow(RangeError);
    expect(() => folderOf("production_app_20260230_010000")).toThrow(RangeError);
  });
});

it("lists what a database is asked for with two prefixes that no other key of it escapes", () => {
  expect(databasePrefix("a")).toBe("a/");
  expect("a_b/20261124_010000/manifest.json".startsWith(databasePrefix("a"))).toBe(false);
});

describe("freeStamp", () => {
  it("is the next whole second that nobody has", () => {
    const taken = new Set(["20261124_235959", "20261125_000000"]);
    const isTaken = (stamp: string) => taken.has(stamp);
    expect(freeStamp("2026-11-24T23:59:58.000001Z", isTaken)).toBe("20261125_000001");
    expect(freeStamp("2026-11-24T23:59:58.000000Z", isTaken)).toBe("20261124_235958");
  });
});

it("takes anything below hold/ for a hold, also what dbops would not name so", () => {
  for (const [key, id] of [
    ["hold/incident 42.json", "incident 42"],
    ["hold/why", "why"],
    ["hold/a/b.json", "a/b"],
  ])
    expect(parseBackupKey("production", "app", `app/20261124_010000/${key}`)).toEqual({
      kind: "hold",
      stamp: "20261124_010000",
      id,
    });
});
