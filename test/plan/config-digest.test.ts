import { expect, it } from "vitest";
import type { Database } from "../../src/model/environment.ts";
import type { Step } from "../../src/model/step.ts";
import { configDigest, storesConcerning, storesOf } from "../../src/plan/config-digest.ts";
import { stepBase } from "./any-plan.ts";
import { database, environment } from "./build.ts";

const DROP: Step = {
  ...stepBase("d"),
  kind: "drop",
  name: "dbops_00000000_old",
  expect: { oid: 1, backup: null },
};
const ANALYZE: Step = { ...stepBase("a"), kind: "analyze", name: "dbops_00000000_side" };
const DOWNLOAD: Step = {
  ...stepBase("l"),
  kind: "download",
  artifact: "x",
  from: "production",
  backup: "b",
  store: "primary",
  expect: { etag: "e" },
};

it("counts what the file says about restoring where steps work on the server, and nowhere else", () => {
  const plain = database();
  const restore = { ...plain.restore, sanitize: ["/project/sql/hide.sql"] };
  const digests = (steps: readonly Step[], more: Partial<Database>) =>
    configDigest(environment({ ...plain, ...more }), steps);
  expect(digests([DROP], { restore })).not.toBe(digests([DROP], {}));
  expect(digests([DROP], { cloneOf: "db:5432" })).not.toBe(digests([DROP], {}));
  expect(digests([ANALYZE], { restore })).toBe(digests([ANALYZE], {}));
});

it("takes the store of another environment for none of this one's", () => {
  expect(storesOf(DOWNLOAD, "production")).toEqual(["primary"]);
  expect(storesOf(DOWNLOAD, "staging")).toEqual([]);
});

it("asks every store of the database where a drop counts on a backup", () => {
  const file = environment(database());
  expect(storesConcerning(DROP, file)).toEqual([]);
  const counting: Step = { ...DROP, expect: { oid: 1, backup: { existing: "b" } } };
  expect(storesConcerning(counting, file)).toEqual(["primary"]);
});
