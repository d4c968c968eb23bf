import fc from "fast-check";
import { digestOf } from "../../src/model/canonical.ts";
import { type Instant, instantOf } from "../../src/model/instant.ts";
import { OPERATIONS, type Plan } from "../../src/model/plan.ts";
import type { BackupReference, PruneTarget, Step } from "../../src/model/step.ts";

/** What every step has, with no needs. */
export function stepBase(id: string) {
  return {
    id,
    effect: "none",
    why: "for a test",
    needs: [],
    after: [],
    database: "trading_signals",
  } as const;
}

/** A plan of these steps with the digest that it must have. */
export function sealed(steps: readonly Step[], more: Partial<Plan> = {}): Plan {
  const { plan: _digest, ...given } = more;
  const content = {
    version: 1 as const,
    environment: "production",
    operation: "converge" as const,
    createdAt: "2026-11-24T10:30:00.000Z",
    expiresAt: "2026-11-25T10:30:00.000Z",
    config: digestOf("config"),
    targets: { stores: {}, databases: {} },
    summary: { add: 0, change: 0, destroy: 0 },
    steps,
    ...given,
  };
  return { ...content, plan: digestOf(content) };
}

/** Text of every kind that YAML could take for something else. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "yes",
    "null",
    "~",
    "1e5",
    "0x1f",
    "2026-11-24",
    "- a",
    "a: b",
    "#",
    "*a",
    "&a",
    "!t",
    " a",
    "a\n",
    "",
  ),
);

const instant: fc.Arbitrary<Instant> = fc.integer({ min: 0, max: 4_102_444_800_000 }).map(instantOf);
const size = fc.nat();

const backup: fc.Arbitrary<BackupReference> = text.map((existing) => ({ existing }));

const target: fc.Arbitrary<PruneTarget> = fc.oneof(
  fc.record({
    type: fc.constant("backup" as const),
    name: text,
    expect: fc.record(
      { etag: text, survivors: fc.array(text), atLeast: size, allowLargePrune: fc.constant(true as const) },
      { requiredKeys: ["etag", "survivors", "atLeast"] },
    ),
  }),
  fc.record({
    type: fc.constant("leftover" as const),
    name: text,
    expect: fc.record({ modifiedAt: instant }),
  }),
  fc.record({ type: fc.constant("upload" as const), key: text, id: text, startedAt: instant }),
  fc.record({ type: fc.constant("orphan" as const), name: text, expect: fc.record({ etag: text }) }),
);

const base = {
  effect: fc.constantFrom("none", "add", "change", "destroy"),
  why: text,
  database: text,
} as const;

type Loose<S> = S extends Step ? Omit<S, "id" | "needs" | "after" | "pointOfNoReturn"> : never;

const step: fc.Arbitrary<Loose<Step>> = fc.oneof(
  fc.record({
    ...base,
    kind: fc.constant("dump" as const),
    artifact: text,
    origin: fc.constantFrom("scheduled", "forced"),
    slotAt: fc.option(instant),
    label: fc.option(text),
    format: fc.constantFrom("archive", "sql"),
    compression: fc.oneof(
      fc.constant("none" as const),
      fc.record({ zstd: fc.nat(19) }),
      fc.record({ gzip: fc.nat(9) }),
    ),
  }),
  fc.record({
    ...base,
    kind: fc.constant("encrypt" as const),
    artifact: text,
    sealing: fc.oneof(
      fc.constantFrom("age-passphrase", "openssl-passphrase", "none"),
      fc.record({ age: fc.record({ recipients: fc.array(text) }) }),
    ),
  }),
  fc.record({
    ...base,
    kind: fc.constant("upload" as const),
    artifact: text,
    store: text,
    hold: fc.option(text),
    estimatedBytes: size,
  }),
  fc.record({
    ...base,
    kind: fc.constant("upload" as const),
    artifact: text,
    store: text,
    layout: fc.constant("classic" as const),
    hold: fc.constant(null),
    estimatedBytes: size,
  }),
  fc.record({ ...base, kind: fc.constant("copy" as const), backup, from: text, to: text }),
  fc.record({
    ...base,
    kind: fc.constant("copy" as const),
    backup,
    layout: fc.constant("classic" as const),
    from: text,
    to: text,
  }),
  fc.record({
    ...base,
    kind: fc.constant("verify" as const),
    type: fc.constant("backup" as const),
    backup,
    store: text,
    deep: fc.boolean(),
  }),
  fc.record({
    ...base,
    kind: fc.constant("verify" as const),
    type: fc.constant("classic" as const),
    backup,
    store: text,
    deep: fc.boolean(),
  }),
  fc.record({ ...base, kind: fc.constant("prune" as const), store: text, target }),
  fc.record({
    ...base,
    kind: fc.constant("hold" as const),
    action: fc.constantFrom("place", "release"),
    backup,
    store: text,
    hold: text,
    reason: fc.option(text),
  }),
);

const identity = fc.record({
  endpoint: text,
  database: text,
  systemIdentifier: fc.option(text),
  oid: size,
});

/** Names that are no trap of JavaScript objects. */
const name = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,10}$/);

/** Any plan that can be written: every step kind, every text; each step needs some that stand before it. */
export const anyPlan: fc.Arbitrary<Plan> = fc
  .record({
    operation: fc.constantFrom(...OPERATIONS),
    environment: text,
    createdAt: instant,
    expiresAt: instant,
    targets: fc.record({ stores: fc.dictionary(name, text), databases: fc.dictionary(name, identity) }),
    summary: fc.record({ add: size, change: size, destroy: size }),
    steps: fc.array(
      fc.record({ step, needs: fc.array(fc.nat(), { maxLength: 3 }), noReturn: fc.boolean() }),
      {
        maxLength: 8,
      },
    ),
  })
  .map(({ steps, ...header }) => sealed(steps.map(numbered), plain(header)));

function numbered(
  one: { readonly step: Loose<Step>; readonly needs: readonly number[]; readonly noReturn: boolean },
  index: number,
): Step {
  const before = index === 0 ? [] : [...new Set(one.needs.map((need) => `step.${need % index}`))];
  const mark = one.noReturn ? { pointOfNoReturn: true as const } : {};
  // `as`: Loose<Step> is a Step without exactly the members that are added here.
  return plain({ id: `step.${index}`, ...mark, ...one.step, needs: before, after: [] }) as Step;
}

/** fast-check makes objects without a prototype; files give plain ones. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}
