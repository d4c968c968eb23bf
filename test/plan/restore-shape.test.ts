import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Step } from "../../src/model/step.ts";
import { parsePlan, renderPlan } from "../../src/plan/plan-file.ts";
import { sealed, stepBase } from "./any-plan.ts";

const text = fc.oneof(fc.string(), fc.constantFrom("null", "~", "1e5", "a: b", " a", "a\n", ""));
const nothing = fc.constant(null);
const count = fc.nat();
const reference = fc.oneof(fc.record({ existing: text }), fc.record({ made: text }));

const locale = {
  encoding: text,
  collate: text,
  ctype: text,
  localeProvider: fc.constantFrom("libc" as const, "icu" as const, "builtin" as const),
  icuLocale: fc.option(text),
  icuRules: fc.option(text),
};

const properties = fc.record({
  ...locale,
  owner: text,
  tablespace: text,
  connectionLimit: fc.integer({ min: -1, max: 1000 }),
  accessPrivileges: fc.option(fc.array(text)),
  comment: fc.option(text),
  settings: fc.array(fc.record({ role: fc.option(text), settings: fc.array(text) })),
});

const digest = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 });

/** In a follow-up plan. */
const continues = fc.record({ plan: digest, failed: digest, unlisted: fc.array(text) });

type Arbitraries = Readonly<Record<string, Readonly<Record<string, fc.Arbitrary<unknown>>>>>;

/** What is there beside `stepBase`, for every kind that only a restore, or the end of what it left, has. */
const members: Arbitraries = {
  download: { artifact: text, from: text, backup: text, store: text, expect: fc.record({ etag: text }) },
  decrypt: { artifact: text },
  create: { name: text, backup: text, like: fc.record(locale), continues },
  load: {
    artifact: text,
    into: text,
    jobs: count,
    tablespaces: fc.constant("ignore"),
    skip: fc.array(fc.record({ entry: text, why: text })),
    tolerate: fc.array(text),
    acceptedBefore: fc.array(fc.record({ entry: text, plan: digest })),
  },
  analyze: { name: text },
  sanitize: { name: text, files: fc.array(fc.record({ path: text, sha256: text })) },
  drop: { name: text, expect: fc.record({ oid: count, backup: fc.option(reference) }) },
  dump: {
    artifact: text,
    of: fc.record({ name: text, oid: count }),
    origin: fc.constant("safety"),
    slotAt: nothing,
    label: fc.option(text),
    format: fc.constant("archive"),
    compression: fc.constant("none"),
  },
};

const swaps: Arbitraries = {
  database: {
    side: text,
    live: text,
    old: text,
    backup: text,
    expect: fc.record({ liveOid: fc.option(count) }),
    lostSlots: fc.array(text),
    properties: fc.oneof(nothing, properties),
  },
  schemas: {
    direction: fc.constantFrom("aside", "keep", "back"),
    live: text,
    backup: text,
    marker: text,
    moves: fc.option(
      fc.record({
        schemas: fc.array(fc.record({ name: text, oid: count })),
        stays: fc.array(fc.record({ name: text, oid: count })),
        made: fc.array(fc.record({ name: text, owner: fc.option(text) })),
        extensions: fc.array(fc.record({ name: text, schema: text })),
        closes: fc.boolean(),
        hasLargeObjects: fc.boolean(),
      }),
    ),
    expect: fc.record({ liveOid: count }),
    lostSlots: fc.array(text),
  },
};

const verifies: Arbitraries = {
  database: {
    name: text,
    without: fc.array(text),
    checks: fc.array(fc.record({ name: text, sql: text })),
  },
  http: { urls: fc.array(text) },
};

const anyStep: fc.Arbitrary<Step> = fc
  .oneof(
    ...Object.entries(members).map(([kind, more]) => fc.record({ kind: fc.constant(kind), ...more })),
    ...Object.entries({ verify: verifies, swap: swaps }).flatMap(([kind, types]) =>
      Object.entries(types).map(([type, more]) =>
        fc.record({ kind: fc.constant(kind), type: fc.constant(type), ...more }),
      ),
    ),
  )
  // `as`: the members of each kind are those above; fast-check's records have no prototype, a file's have one.
  .map((step) => JSON.parse(JSON.stringify({ ...stepBase("one"), ...step })) as Step);

describe("a plan that restores", () => {
  it("reads back from its file as it was", () => {
    fc.assert(
      fc.property(anyStep, (step) => {
        const plan = sealed([step], { operation: "restore" });
        expect(parsePlan(renderPlan(plan), "p.yaml")).toEqual(plan);
      }),
    );
  });

  it.each([
    ["a connection limit below -1", { connectionLimit: -2 }],
    ["an unknown provider", { localeProvider: "posix" }],
    ["a property that nobody knows", { collversion: "2.36" }],
  ])("is refused with %s", (_what, more) => {
    const [given] = fc.sample(properties, 1);
    const swap = {
      ...stepBase("one"),
      kind: "swap",
      type: "database",
      side: "s",
      live: "l",
      old: "o",
      backup: "b",
      expect: { liveOid: null },
      lostSlots: [],
      properties: JSON.parse(JSON.stringify({ ...given, ...more })),
    } as const;
    expect(() => parsePlan(renderPlan(sealed([swap])), "p.yaml")).toThrow(/properties|localeProvider/);
  });

  it("is refused with a verify of no known type", () => {
    const step = JSON.parse(JSON.stringify({ ...stepBase("one"), kind: "verify", type: "dns", urls: [] }));
    expect(() => parsePlan(renderPlan(sealed([step])), "p.yaml")).toThrow(/type must be/);
  });
});
