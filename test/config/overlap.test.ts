import { describe, expect, it } from "vitest";
import { overlapOf } from "../../src/config/overlap.ts";
import type { Store } from "../../src/model/environment.ts";

describe("two stores", () => {
  it.each([
    ["the same prefix", s3("a/b"), s3("a/b"), "the same bucket and prefix, s3://backups/a/b"],
    [
      "a prefix inside the other",
      s3("a/b"),
      s3("a"),
      "the prefix s3://backups/a/b/ lies inside s3://backups/a/",
    ],
    ["a whole bucket and a prefix", s3(""), s3("a"), "the prefix s3://backups/a/ lies inside s3://backups/"],
    [
      "one server by two addresses of Amazon",
      s3("a", "https://s3.us-east-1.amazonaws.com"),
      s3("a"),
      "the same bucket and prefix, s3://backups/a",
    ],
    ["the same folder", folder("/a"), folder("/a"), "the same folder, /a"],
    ["a folder inside the other", folder("/a/b"), folder("/a"), "the folder /a/b lies inside /a"],
    ["the root folder", folder("/"), folder("/a"), "the folder /a lies inside /"],
  ])("with %s are not apart, either way round", (_, one, other, overlap) => {
    expect(overlapOf(one, other)).toBe(overlap);
    expect(overlapOf(other, one)).toBe(overlap);
  });

  it.each([
    ["prefixes of which one begins like the other", s3("a/prod"), s3("a/prod-eu")],
    ["different buckets", s3("a"), { ...s3("a"), bucket: "other" }],
    ["different servers", s3("a", "https://one.example.com"), s3("a", "https://two.example.com")],
    ["folders of which one begins like the other", folder("/a"), folder("/ab")],
    ["different kinds", s3("a"), folder("/a")],
  ] satisfies [string, Store, Store][])("with %s are apart", (_, one, other) => {
    expect(overlapOf(one, other)).toBeNull();
  });
});

function folder(path: string): Store {
  return { kind: "file", name: "store", path };
}

function s3(prefix: string, endpoint: string | null = null): Extract<Store, { kind: "s3" }> {
  return {
    kind: "s3",
    name: "store",
    bucket: "backups",
    prefix,
    region: "us-east-1",
    endpoint,
    pathStyle: false,
    checksums: "when_supported",
    storageClass: null,
    serverSideEncryption: null,
    parts: { max: 10_000, equal: false },
    credentials: null,
  };
}
