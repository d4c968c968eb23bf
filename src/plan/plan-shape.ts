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
  type Shape,
  text,
  variant,
} from "../model/shape.ts";
import type { PruneTarget, Step, StepKind, VerifyStep } from "../model/step.ts";
import { RESTORE_STEPS, SWAPS, VERIFY_DATABASE, VERIFY_HTTP } from "./restore-shape.ts";
import { backup, stepBase } from "./step-base-shape.ts";

/** The first thing that keeps a value from being a Plan; null: it is one. schemas/plan.schema.json says the same to editors. */
export function planFault(value: unknown): Fault | null {
  return PLAN(value);
}

const compression = eitherOf(
  "must be { zstd: LEVEL }, { gzip: LEVEL } or none",
  object({ zstd: count }),
  object({ gzip: count }),
  oneOf("none"),
);

const sealing = eitherOf(
  "must be { age: { recipients: [] } }, age-passphrase, openssl-passphrase or none",
  object({ age: object({ recipients: listOf(text) }) }),
  oneOf("age-passphrase", "openssl-passphrase", "none"),
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

const VERIFY: { readonly [T in VerifyStep["type"]]: Members<Extract<VerifyStep, { type: T }>> } = {
  backup: { ...stepBase, type: text, backup, store: text, deep: flag },
  classic: { ...stepBase, type: text, backup, store: text, deep: flag },
  database: VERIFY_DATABASE,
  http: VERIFY_HTTP,
};

const STEPS: { readonly [K in Exclude<StepKind, "verify" | "swap">]: Members<Extract<Step, { kind: K }>> } = {
  dump: {
    ...stepBase,
    artifact: text,
    "of?": object({ name: text, oid: count }),
    origin: oneOf(...ORIGINS),
    slotAt: nullable(instant),
    label: nullable(text),
    format: oneOf("archive", "sql"),
    compression,
    "counts?": oneOf("exact"),
  },
  encrypt: { ...stepBase, artifact: text, sealing },
  upload: {
    ...stepBase,
    artifact: text,
    store: text,
    "layout?": oneOf("classic"),
    hold: nullable(text),
    estimatedBytes: count,
  },
  copy: { ...stepBase, backup, "layout?": oneOf("classic"), from: text, to: text },
  prune: {
    ...stepBase,
    store: text,
    target: variant("type", objectsOf(TARGETS)),
  },
  hold: {
    ...stepBase,
    action: oneOf("place", "release"),
    backup,
    "layout?": oneOf("classic"),
    store: text,
    hold: text,
    reason: nullable(text),
  },
  ...RESTORE_STEPS,
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
  steps: listOf(variant("kind", { ...objectsOf(STEPS), verify: typed(VERIFY), swap: typed(SWAPS) })),
};

const PLAN = object(HEADER);

/** A kind with types. */
function typed(types: Parameters<typeof objectsOf>[0]): Shape {
  return variant("type", objectsOf(types));
}
