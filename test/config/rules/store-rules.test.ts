import { describe, expect, it } from "vitest";
import { detailsOf } from "../environment-text.ts";

const detailsFor = (s3: Record<string, unknown>): readonly string[] =>
  detailsOf({ top: { stores: { local: { s3: { bucket: "backups", region: "us-east-1", ...s3 } } } } });

describe("a bucket", () => {
  it("of Amazon needs its region", () => {
    expect(detailsFor({ region: undefined })).toEqual([
      "stores.local.s3 lacks region; only with endpoint may it be left out",
    ]);
  });

  it.each(["a//b", "a/../b", "./a", "a b", "_dbops/x"])("refuses the prefix %j", (prefix) => {
    expect(detailsFor({ prefix }).join()).toContain("stores.local.s3.prefix");
  });

  it.each(["", "a", "/a/b-c/", "backups/production"])("accepts the prefix %j", (prefix) => {
    expect(detailsFor({ prefix })).toEqual([]);
  });

  it.each(["https://", "http://a b", "https://h?x=1"])("refuses the address %j", (endpoint) => {
    expect(detailsFor({ endpoint }).join()).toContain("stores.local.s3.endpoint must be an address");
  });

  it.each(["GLACIER", "DEEP_ARCHIVE"])(
    "refuses the class %s, from which nothing can be read at once",
    (storageClass) => {
      expect(detailsFor({ storageClass }).join()).toContain(
        `objects of the class ${storageClass} cannot be read at once`,
      );
    },
  );

  it("is a name, not an address", () => {
    expect(detailsFor({ bucket: "s3://backups/production" }).join()).toContain("without `s3://` and prefix");
  });
});

describe("two stores of one environment", () => {
  it("must be apart", () => {
    const stores = { local: { file: { path: "/srv/b" } }, inner: { file: { path: "/srv/b/c" } } };
    expect(detailsOf({ top: { stores, records: "local" } })).toEqual([
      "stores.local and stores.inner are not apart: the folder /srv/b/c lies inside /srv/b",
    ]);
  });
});
