import type { SwapStep, VerifyDatabaseStep, VerifyHttpStep } from "../model/restore-steps.ts";
import type { DatabaseProperties } from "../model/restore-target.ts";
import { MOVES } from "../model/schema-moves-shape.ts";
import {
  count,
  digest,
  listOf,
  type Members,
  nullable,
  object,
  oneOf,
  type Shape,
  text,
} from "../model/shape.ts";
import type { Step } from "../model/step.ts";
import { backup, stepBase } from "./step-base-shape.ts";

type RestoreKind = "download" | "decrypt" | "create" | "load" | "analyze" | "sanitize" | "drop";

/** -1: no limit. */
const limit: Shape = (value) =>
  value === -1 || count(value) === null ? null : { path: [], detail: "must be a whole number, -1 or more" };

const locale = {
  encoding: text,
  collate: text,
  ctype: text,
  localeProvider: oneOf("libc", "icu", "builtin"),
  icuLocale: nullable(text),
  icuRules: nullable(text),
} as const;

const PROPERTIES: Members<DatabaseProperties> = {
  ...locale,
  owner: text,
  tablespace: text,
  connectionLimit: limit,
  accessPrivileges: nullable(listOf(text)),
  comment: nullable(text),
  settings: listOf(object({ role: nullable(text), settings: listOf(text) })),
};

/** The steps that only a restore, and what it leaves behind, have. */
export const RESTORE_STEPS: { readonly [K in RestoreKind]: Members<Extract<Step, { kind: K }>> } = {
  download: {
    ...stepBase,
    artifact: text,
    from: text,
    backup: text,
    "layout?": oneOf("classic"),
    store: text,
    expect: object({ etag: text, "sha256?": text }),
  },
  decrypt: { ...stepBase, artifact: text },
  create: {
    ...stepBase,
    name: text,
    backup: text,
    like: object(locale),
    "continues?": object({ plan: digest, failed: digest, unlisted: listOf(text) }),
  },
  load: {
    ...stepBase,
    artifact: text,
    into: text,
    "format?": oneOf("sql"),
    "schema?": oneOf("keep"),
    "marker?": text,
    jobs: count,
    "tablespaces?": oneOf("ignore"),
    skip: listOf(object({ entry: text, why: text })),
    tolerate: listOf(text),
    "acceptedBefore?": listOf(object({ entry: text, plan: digest })),
  },
  analyze: { ...stepBase, name: text },
  sanitize: { ...stepBase, name: text, files: listOf(object({ path: text, sha256: text })) },
  drop: { ...stepBase, name: text, expect: object({ oid: count, backup: nullable(backup) }) },
};

export const SWAPS: { readonly [T in SwapStep["type"]]: Members<Extract<SwapStep, { type: T }>> } = {
  database: {
    ...stepBase,
    type: text,
    side: text,
    live: text,
    old: text,
    backup: text,
    expect: object({ liveOid: nullable(count) }),
    lostSlots: listOf(text),
    properties: nullable(object(PROPERTIES)),
  },
  schemas: {
    ...stepBase,
    type: text,
    direction: oneOf("aside", "keep", "back"),
    live: text,
    backup: text,
    marker: text,
    moves: nullable(object(MOVES)),
    expect: object({ liveOid: count }),
    lostSlots: listOf(text),
  },
};

export const VERIFY_DATABASE: Members<VerifyDatabaseStep> = {
  ...stepBase,
  type: text,
  name: text,
  without: listOf(text),
  checks: listOf(object({ name: text, sql: text })),
};

export const VERIFY_HTTP: Members<VerifyHttpStep> = { ...stepBase, type: text, urls: listOf(text) };
