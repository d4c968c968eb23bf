import { ORIGINS, type Origin } from "./backup.ts";
import { type Instant, instantOf, msOf, parseStamp, type Stamp, stampOf } from "./instant.ts";
import type { Manifest, ObjectRole } from "./manifest.ts";

/** The key of the store's mark. */
export const STORE_MARK = "_dbops/store.json";

/** `<environment>_<database>_<stamp>`. */
export function backupName(environment: string, database: string, stamp: Stamp): string {
  return `${environment}_${database}_${stamp}`;
}

/** The parts of a backup's name; null when it is none. An environment's name has no underscore, so this is unambiguous. */
export function parseBackupName(
  name: string,
): { environment: string; database: string; stamp: Stamp; at: Instant } | null {
  const parts = /^([a-z][a-z0-9-]*)_([a-z0-9][a-z0-9_-]*)_(\d{8}_\d{6})$/.exec(name);
  if (parts === null) return null;
  const [, environment = "", database = "", stamp = ""] = parts;
  const at = parseStamp(stamp);
  return at === null ? null : { environment, database, stamp, at };
}

/** `<database>/`: what one LIST per database reads. */
export function databasePrefix(database: string): string {
  return `${database}/`;
}

/** `<environment>_<database>_`: the runbook's files of one database. */
export function classicPrefix(environment: string, database: string): string {
  return `${environment}_${database}_`;
}

/** `<database>/<stamp>/`. */
export function backupFolder(database: string, stamp: Stamp): string {
  return `${database}/${stamp}/`;
}

/** The folder of a backup by its name; throws a RangeError for what is no name. */
export function folderOf(name: string): string {
  const parts = parseBackupName(name);
  if (parts === null) throw new RangeError(`no backup name: ${name}`);
  return backupFolder(parts.database, parts.stamp);
}

/** The key of one object, relative to the backup's folder; it tells what was done to the bytes. */
export function objectKey(
  name: string,
  role: ObjectRole,
  { compression, encryption }: Pick<Manifest, "compression" | "encryption">,
): string {
  if (role === "restore-guide") return "RESTORE.md";
  const zst = compression === "none" ? "" : ".zst";
  const age = encryption === "none" ? "" : ".age";
  switch (role) {
    case "archive":
      return `${name}.dump${zst}${age}`;
    case "globals":
      return `${name}.globals.sql${zst}${age}`;
    case "detail":
      return `${name}.detail.json${age}`;
  }
}

export const MANIFEST = "manifest.json";

/** The key of the empty marker that tells a backup's origin, relative to its folder. */
export function originKey(origin: Origin): string {
  return `origin/${origin}`;
}

/** The key of a hold, relative to the backup's folder. */
export function holdKey(id: string): string {
  return `hold/${id}.json`;
}

/** Every key that holds a backup under this id: dbops' own, and one that somebody made without `.json`. */
export function holdingKeys(id: string): readonly string[] {
  return id.endsWith(".json") ? [holdKey(id)] : [holdKey(id), `hold/${id}`];
}

/** The key of a proof, relative to the backup's folder. */
export function proofKey(at: Instant, passed: boolean): string {
  return `proof/${stampOf(at)}.${passed ? "passed" : "failed"}.json`;
}

/** What one key below `<database>/` is. `other` belongs to no version of the layout and is never touched. */
export type BackupKey =
  | { readonly kind: "object"; readonly stamp: Stamp; readonly role: ObjectRole }
  | { readonly kind: "manifest" | "signature"; readonly stamp: Stamp }
  | { readonly kind: "origin"; readonly stamp: Stamp; readonly origin: Origin }
  | { readonly kind: "proof"; readonly stamp: Stamp; readonly at: Instant; readonly passed: boolean }
  | { readonly kind: "hold"; readonly stamp: Stamp; readonly id: string }
  | { readonly kind: "other"; readonly stamp: Stamp | null };

/** Parses a key below `<database>/` of an environment's store. */
export function parseBackupKey(environment: string, database: string, key: string): BackupKey {
  const rest = key.startsWith(databasePrefix(database)) ? key.slice(database.length + 1) : "";
  const slash = rest.indexOf("/");
  const stamp = slash === -1 ? "" : rest.slice(0, slash);
  if (parseStamp(stamp) === null) return { kind: "other", stamp: null };
  const name = rest.slice(slash + 1);
  const role = roleOf(backupName(environment, database, stamp), name);
  if (role !== null) return { kind: "object", stamp, role };
  if (name === MANIFEST) return { kind: "manifest", stamp };
  if (name === "manifest.json.sig") return { kind: "signature", stamp };
  return parseMarker(stamp, name) ?? { kind: "other", stamp };
}

function roleOf(backup: string, name: string): ObjectRole | null {
  if (name === "RESTORE.md") return "restore-guide";
  if (!name.startsWith(`${backup}.`)) return null;
  const rest = name.slice(backup.length + 1);
  if (/^dump(\.zst)?(\.age)?$/.test(rest)) return "archive";
  if (/^globals\.sql(\.zst)?(\.age)?$/.test(rest)) return "globals";
  if (/^detail\.json(\.age)?$/.test(rest)) return "detail";
  return null;
}

function parseMarker(stamp: Stamp, name: string): BackupKey | null {
  const origin = ORIGINS.find((one) => name === originKey(one));
  if (origin !== undefined) return { kind: "origin", stamp, origin };
  const hold = /^hold\/(.+?)(?:\.json)?$/s.exec(name); // also one that dbops would not name so: it holds all the same
  if (hold?.[1] !== undefined) return { kind: "hold", stamp, id: hold[1] };
  const proof = /^proof\/(\d{8}_\d{6})\.(passed|failed)\.json$/.exec(name);
  const at = proof?.[1] === undefined ? null : parseStamp(proof[1]);
  return at === null ? null : { kind: "proof", stamp, at, passed: proof?.[2] === "passed" };
}

/** The key of the runbook's file. */
export function classicKey(name: string): string {
  return `${name}.sql.gz.enc`;
}

/** The key of the checksum beside it. */
export function classicDigestKey(name: string): string {
  return `${classicKey(name)}.sha256`;
}

/** What the keys of all holds of the runbook's file begin with: beside it, where a listing of the files shows them too. */
export function classicHoldPrefix(name: string): string {
  return `${name}.hold.`;
}

/** The key of a hold of the runbook's file. */
export function classicHoldKey(name: string, id: string): string {
  return `${classicHoldPrefix(name)}${id}.json`;
}

/** As `holdingKeys`, of the runbook's file. */
export function classicHoldingKeys(name: string, id: string): readonly string[] {
  const key = classicHoldKey(name, id);
  return id.endsWith(".json") ? [key] : [key, `${classicHoldPrefix(name)}${id}`];
}

/** What the key of the origin marker of the runbook's file begins with: beside it, as its holds; only dbops writes one. */
export function classicOriginPrefix(name: string): string {
  return `${name}.origin.`;
}

/** The key of the marker that tells the origin of a file of the runbook's layout which dbops wrote. */
export function classicOriginKey(name: string, origin: Origin): string {
  return `${classicOriginPrefix(name)}${origin}`;
}

/** What one key of the runbook's layout is. */
export type ClassicKey = {
  readonly name: string;
  readonly database: string;
  readonly environment: string;
  readonly at: Instant;
} & ClassicKind;

type ClassicKind =
  | { readonly kind: "file" | "checksum" }
  | { readonly kind: "origin"; readonly origin: Origin }
  | { readonly kind: "hold"; readonly id: string };

/** The runbook's file, its checksum, its origin marker, a hold of it; null for another key. */
export function parseClassicKey(key: string): ClassicKey | null {
  const dot = key.indexOf(".");
  const name = key.slice(0, Math.max(0, dot));
  const parts = parseBackupName(name);
  const kind = kindOfClassic(key.slice(dot + 1));
  if (parts === null || kind === null) return null;
  return { name, database: parts.database, environment: parts.environment, at: parts.at, ...kind };
}

function kindOfClassic(rest: string): ClassicKind | null {
  if (rest === "sql.gz.enc") return { kind: "file" };
  if (rest === "sql.gz.enc.sha256") return { kind: "checksum" };
  const origin = ORIGINS.find((one) => rest === `origin.${one}`);
  if (origin !== undefined) return { kind: "origin", origin };
  const id = /^hold\.(.+?)(?:\.json)?$/s.exec(rest)?.[1]; // also one that dbops would not name so
  return id === undefined ? null : { kind: "hold", id };
}

/** `_dbops/locks/`: one small listing tells every scope that was ever worked on. */
export const LOCKS_PREFIX = "_dbops/locks/";

export function lockKey(scope: string): string {
  return `${LOCKS_PREFIX}${scope}.json`;
}

/** `_dbops/journal/`: one folder per scope. */
export const JOURNAL_PREFIX = "_dbops/journal/";

export function journalPrefix(scope: string): string {
  return `${JOURNAL_PREFIX}${scope}/`;
}

export function journalKey(scope: string, number: number): string {
  return `${journalPrefix(scope)}${String(number).padStart(10, "0")}.json`;
}

/** The number of an entry's key; null for another key. */
export function parseJournalKey(scope: string, key: string): number | null {
  const prefix = journalPrefix(scope);
  const number = key.startsWith(prefix) ? /^(\d{10})\.json$/.exec(key.slice(prefix.length)) : null;
  return number?.[1] === undefined ? null : Number(number[1]);
}

export function planKey(digest: string): string {
  return `_dbops/plans/${digest}.yaml`;
}

/** The lease that keeps two hosts from backing up one database twice. */
export function backupScope(database: string): string {
  return `${database}.backup`;
}

/** The lease that keeps two hosts from restoring one database at the same time. */
export function restoreScope(database: string): string {
  return `${database}.restore`;
}

/** The database that a scope is about; `environment` is about none, and is not asked. */
export function databaseOfScope(scope: string): string {
  return scope.replace(/\.(backup|restore)$/, "");
}

/** The first stamp at or after an instant that is not in use: a name is never given twice. */
export function freeStamp(at: Instant, isTaken: (stamp: Stamp) => boolean): Stamp {
  let candidate = stampOf(at);
  while (isTaken(candidate)) candidate = stampOf(instantOf(msOf(parseStamp(candidate) ?? at) + 1000));
  return candidate;
}
