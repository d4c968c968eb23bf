import { ORIGINS } from "../model/backup.ts";
import { OPERATIONS, type Plan } from "../model/plan.ts";
import {
  count,
  digest,
  eitherOf,
  type Fault,
  flag,
  instant,
  listOf,
  type Members,
  nullable,
  object,
  objectsOf,
  oneOf,
  recordOf,
  text,
  variant,
} from "../model/shape.ts";
import type { PruneTarget, Step, StepKind } from "../model/step.ts";

/** The first thing that keeps a value from being a Plan; null: it is one. schemas/plan.schema.json says the same to editors. */
export function planFault(value: unknown): Fault | null {
  return PLAN(value);
}

const backup = eitherOf(
  "must be { existing: NAME } or { made: STEP }",
  object({ existing: text }),
  object({ made: text }),
);

const compression = eitherOf("must be { zstd: LEVEL } or none", object({ zstd: count }), oneOf("none"));

const sealing = eitherOf(
  "must be { age: { recipients: [] } }, age-passphrase or none",
  object({ age: object({ recipients: listOf(text) }) }),
  oneOf("age-passphrase", "none"),
);

const TARGETS: { readonly [T in PruneTarget["type"]]: Members<Extract<PruneTarget, { type: T }>> } = {
  backup: {
    type: text,
    name: text,
    expect: object({
      etag: text,
      survivors: listOf(text),
      atLeast: count,
      "allowLargePrune?": oneOf(true),
    }),
  },
  leftover: { type: text, name: text, expect: object({ modifiedAt: instant }) },
  upload: { type: text, key: text, id: text, startedAt: instant },
  orphan: { type: text, name: text, expect: object({ etag: text, "allowLargePrune?": oneOf(true) }) },
};

const base = {
  id: text,
  kind: text,
  effect: oneOf("none", "add", "change", "destroy"),
  "pointOfNoReturn?": oneOf(true),
  why: text,
  needs: listOf(text),
  after: listOf(text),
  database: text,
} as const;

const STEPS: { readonly [K in StepKind]: Members<Extract<Step, { kind: K }>> } = {
  dump: {
    ...base,
    artifact: text,
    origin: oneOf(...ORIGINS),
    slotAt: nullable(instant),
    label: nullable(text),
    format: oneOf("archive"),
    compression,
  },
  encrypt: { ...base, artifact: text, sealing },
  upload: { ...base, artifact: text, store: text, hold: nullable(text), estimatedBytes: count },
  copy: { ...base, backup, from: text, to: text },
  verify: { ...base, type: oneOf("backup"), backup, store: text, deep: flag },
  prune: {
    ...base,
    store: text,
    target: variant("type", objectsOf(TARGETS)),
  },
  hold: {
    ...base,
    action: oneOf("place", "release"),
    backup,
    store: text,
    hold: text,
    reason: nullable(text),
  },
};

const HEADER: Members<Plan> = {
  version: oneOf(1),
  plan: digest,
  environment: text,
  operation: oneOf(...OPERATIONS),
  createdAt: instant,
  expiresAt: instant,
  config: digest,
  targets: object({
    stores: recordOf(text),
    databases: recordOf(
      object({ endpoint: text, database: text, systemIdentifier: nullable(text), oid: count }),
    ),
  }),
  summary: object({ add: count, change: count, destroy: count }),
  steps: listOf(variant("kind", objectsOf(STEPS))),
};

const PLAN = object(HEADER);
