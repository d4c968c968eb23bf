import { expect, it } from "vitest";
import type { Environment } from "../../src/model/environment.ts";
import type { Step } from "../../src/model/step.ts";
import { configDigest, foreignIn } from "../../src/plan/config-digest.ts";
import { stepBase } from "./any-plan.ts";
import { database, environment, NO_RULES } from "./build.ts";

const DOWNLOAD: Step = {
  ...stepBase("l"),
  kind: "download",
  database: "trading_signals",
  artifact: "x",
  from: "production",
  backup: "b",
  store: "primary",
  expect: { etag: "e" },
};

it("names the other environment whose backup is read, and none where it is this one's", () => {
  expect(foreignIn("staging", [DOWNLOAD])).toBe("production");
  expect(foreignIn("production", [DOWNLOAD])).toBeNull();
  expect(foreignIn("production", [])).toBeNull();
});

it("counts of the other environment only what its backup is read with", () => {
  const own = environment(database());
  const digestFrom = (from: Environment | null) => configDigest(own, [DOWNLOAD], from);
  const digest = digestFrom(own);
  expect(digest).not.toBe(digestFrom(null));
  const moved = { ...own, stores: [{ kind: "file", name: "primary", path: "/elsewhere" }] } as const;
  expect(digestFrom(moved)).not.toBe(digest);
  const opened = { kind: "age-passphrase", passphrase: { env: "P" } } as const;
  expect(digestFrom(environment(database({ encryption: opened })))).not.toBe(digest);
  const kept = { stores: [{ store: "primary", retention: { ...NO_RULES, daily: 5 } }] };
  expect(digestFrom(environment(database(kept), database({}, "other")))).toBe(digest);
});

it("counts the passphrase of the runbook's files where one of them is read, and only there", () => {
  const from = (variable: string) => environment(database({ classicPassphrase: { env: variable } }));
  const digestOf = (step: Step, variable: string) =>
    configDigest(environment(database()), [step], from(variable));
  const file = { ...DOWNLOAD, layout: "classic" } as const;
  expect(digestOf(file, "KEY")).not.toBe(digestOf(file, "ANOTHER"));
  expect(digestOf(DOWNLOAD, "KEY")).toBe(digestOf(DOWNLOAD, "ANOTHER"));
});
