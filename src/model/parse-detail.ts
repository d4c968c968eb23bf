import type { BackupDetail, DetailTable } from "./archive-contents.ts";
import type { DatabaseProperties } from "./restore-target.ts";
import {
  count,
  type Fault,
  flag,
  having,
  listOf,
  nullable,
  oneOf,
  renderPath,
  type Shape,
  text,
} from "./shape.ts";

/** The part of a detail.json that a restore decides on, or what keeps it from being understood. */
export function parseDetail(content: string): BackupDetail | { readonly fault: string } {
  const value = parseJson(content);
  const fault = value === undefined ? { path: [], detail: "is no JSON" } : DETAIL(value);
  if (fault !== null) return { fault: render(fault) };
  return detailOf(value as WrittenDetail); // DETAIL has looked at every member that is used
}

/** detail.json as the backup wrote it, as far as it is used. */
interface WrittenDetail extends Omit<BackupDetail, Renamed> {
  readonly identity?: {
    readonly endpoint: string;
    readonly systemIdentifier: string | null;
    readonly database?: string;
    readonly oid?: number;
  };
  readonly database: DatabaseProperties;
  readonly eventTriggers: readonly Named[];
  readonly subscriptions: readonly Named[];
}

type Renamed = Identity | "properties" | "eventTriggers" | "subscriptions";
type Identity = "endpoint" | "systemIdentifier" | "database" | "oid";
type Named = { readonly name: string };

/** -1: no limit. */
const limit: Shape = (value) =>
  Number.isSafeInteger(value) ? null : { path: [], detail: "must be a whole number" };

/** bigint columns come as floating-point numbers. */
const amount: Shape = (value) =>
  typeof value === "number" && value >= 0 ? null : { path: [], detail: "must be a number, 0 or more" };

const SETTINGS = having({ role: nullable(text), settings: listOf(text) });

const PROPERTIES = having({
  owner: text,
  encoding: text,
  collate: text,
  ctype: text,
  localeProvider: oneOf("libc", "icu", "builtin"),
  icuLocale: nullable(text),
  icuRules: nullable(text),
  tablespace: text,
  connectionLimit: limit,
  accessPrivileges: nullable(listOf(text)),
  comment: nullable(text),
  settings: listOf(SETTINGS),
});

const KINDS: readonly DetailTable["kind"][] = [
  "table",
  "partition",
  "partitioned table",
  "materialized view",
  "foreign table",
];

const DETAIL = having({
  formatVersion: oneOf(1),
  identity: optional(
    having({
      endpoint: text,
      systemIdentifier: nullable(text),
      database: optional(text),
      oid: optional(count),
    }),
  ),
  serverVersion: text,
  sizeBytes: amount,
  database: PROPERTIES,
  tables: listOf(
    having({
      schema: text,
      name: text,
      kind: oneOf(...KINDS),
      bytes: amount,
      rowsEstimate: nullable(amount),
      rows: optional(nullable(count)),
    }),
  ),
  extensions: listOf(having({ name: text, version: text, schema: text })),
  largeObjects: count,
  eventTriggers: listOf(having({ name: text })),
  subscriptions: listOf(having({ name: text })),
  publications: optional(listOf(having({ name: text, allTables: flag }))),
});

function optional(shape: Shape): Shape {
  return (value) => (value === undefined ? null : shape(value));
}

function detailOf(written: WrittenDetail): BackupDetail {
  const { identity, serverVersion, sizeBytes, database, tables, extensions, largeObjects, publications } =
    written;
  return {
    endpoint: identity?.endpoint ?? null,
    systemIdentifier: identity?.systemIdentifier ?? null,
    database: identity?.database ?? null,
    oid: identity?.oid ?? null,
    serverVersion,
    sizeBytes,
    properties: propertiesOf(database),
    tables: tables.map(({ schema, name, kind, bytes, rowsEstimate, rows }) => ({
      schema,
      name,
      kind,
      bytes,
      rowsEstimate,
      ...(rows === undefined ? {} : { rows }),
    })),
    extensions: extensions.map(({ name, version, schema }) => ({ name, version, schema })),
    largeObjects,
    eventTriggers: written.eventTriggers.map((one) => one.name),
    subscriptions: written.subscriptions.map((one) => one.name),
    ...(publications === undefined
      ? {}
      : { publications: publications.map(({ name, allTables }) => ({ name, allTables })) }),
  };
}

/** Exactly the members of the type: a plan that holds them must not depend on what else a backup says. */
function propertiesOf(written: DatabaseProperties): DatabaseProperties {
  return {
    owner: written.owner,
    encoding: written.encoding,
    collate: written.collate,
    ctype: written.ctype,
    localeProvider: written.localeProvider,
    icuLocale: written.icuLocale,
    icuRules: written.icuRules,
    tablespace: written.tablespace,
    connectionLimit: written.connectionLimit,
    accessPrivileges: written.accessPrivileges,
    comment: written.comment,
    settings: written.settings
      .map(({ role, settings }) => ({ role, settings }))
      .sort((a, b) => ((a.role ?? "") < (b.role ?? "") ? -1 : 1)),
  };
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

function render({ path, detail }: Fault): string {
  return `${renderPath(path)} ${detail}`.trim();
}
