import { describe, expect, it } from "vitest";
import type { Manifest, ObjectRole } from "../../src/model/manifest.ts";
import { parseManifest } from "../../src/model/parse-manifest.ts";

const NAME = "production_app_20261124_010000";

describe("parseManifest", () => {
  it("gives back every manifest that dbops writes", () => {
    for (const change of [
      {},
      { encryption: "none", recipients: [], compression: "none" },
      { encryption: "age-passphrase", label: "before", schemaRevision: "4f2a", imageDigest: "sha256:1" },
    ] as const) {
      const manifest = manifestOf(change);
      expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
    }
  });

  it.each(["", "{", "null", "[]", "7", '"text"', "<Error><Code>NoSuchKey</Code></Error>"])(
    "is null for %j",
    (text) => {
      expect(parseManifest(text)).toBeNull();
    },
  );

  it.each<[string, object]>([
    ["a later format", { formatVersion: 2 }],
    ["an origin that nobody knows", { origin: "magic" }],
    ["another dump format", { format: "sql" }],
    ["another compression", { compression: { lz4: 1 } }],
    ["another encryption", { encryption: "rot13" }],
    ["a snapshot at no time", { snapshotAt: "yesterday" }],
    ["no plan", { plan: "" }],
    ["no tools", { tools: undefined }],
    ["no server", { server: {} }],
    ["recipients that are no list", { recipients: "age1" }],
    ["a name that leads elsewhere", { name: "../production_app_20261124_010000" }],
    ["a name of another database", { name: "production_other_20261124_010000" }],
    ["a name of another environment", { environment: "staging" }],
    ["objects that are no list", { objects: {} }],
    ["no objects", { objects: [] }],
  ])("is null for %s", (_what, change) => {
    expect(parseManifest(JSON.stringify({ ...manifestOf(), ...change }))).toBeNull();
  });

  it.each<ObjectRole>(["archive", "globals", "detail", "restore-guide"])("is null without the %s", (role) => {
    const { objects } = manifestOf();
    const without = objects.filter((object) => object.role !== role);
    expect(parseManifest(JSON.stringify(manifestOf({ objects: without })))).toBeNull();
    const twice = [...objects, { ...objectOf(role), key: "another" }];
    expect(parseManifest(JSON.stringify(manifestOf({ objects: twice })))).toBeNull();
  });

  it.each([
    "../app/20261124_010000/x",
    "/etc/passwd",
    "..",
    ".",
    ".hidden",
    "a/b",
    "a\\b",
    "",
    "a\nb",
    "a b",
    "manifest.json",
    `${NAME}.globals`, // the key of another object
  ])("is null for an object under the key %j", (key) => {
    const [archive, ...others] = manifestOf().objects;
    expect(archive?.role).toBe("archive");
    const objects = [{ ...archive, key }, ...others];
    expect(parseManifest(JSON.stringify({ ...manifestOf(), objects }))).toBeNull();
  });

  it.each<[string, object]>([
    ["negative bytes", { bytes: -1 }],
    ["half a byte", { bytes: 0.5 }],
    ["bytes as text", { bytes: "12" }],
    ["no plain length", { plaintextBytes: null }],
    ["a short checksum", { sha256: "abc" }],
    ["a checksum in capitals", { sha256: "A".repeat(64) }],
    ["no plain checksum", { plaintextSha256: undefined }],
    ["another role", { role: "secret" }],
  ])("is null for an object with %s", (_what, change) => {
    const [archive, ...others] = manifestOf().objects;
    const objects = [{ ...archive, ...change }, ...others];
    expect(parseManifest(JSON.stringify({ ...manifestOf(), objects }))).toBeNull();
  });
});

function manifestOf(change: Partial<Manifest> = {}): Manifest {
  return {
    formatVersion: 1,
    environment: "production",
    database: "app",
    name: NAME,
    snapshotAt: "2026-11-24T00:59:59.123456Z",
    origin: "scheduled",
    label: null,
    objects: [objectOf("archive"), objectOf("globals"), objectOf("detail"), objectOf("restore-guide")],
    format: "archive",
    compression: { zstd: 1 },
    encryption: "age",
    recipients: [`sha256:${"0".repeat(64)}`],
    server: { version: "15.18" },
    tools: { dbops: "0.1.0", pgDump: "pg_dump (PostgreSQL) 15.18" },
    schemaRevision: null,
    imageDigest: null,
    gitCommit: null,
    plan: "c0ffee",
    ...change,
  };
}

function objectOf(role: ObjectRole) {
  const sums = { sha256: "a".repeat(64), plaintextSha256: "b".repeat(64) };
  return { role, key: `${NAME}.${role}`, bytes: 10, plaintextBytes: 20, ...sums };
}
