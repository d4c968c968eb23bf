import type { Backup } from "./backup.ts";
import type { Instant } from "./instant.ts";
import {
  type BackupKey,
  backupName,
  type ClassicKey,
  folderOf,
  parseBackupKey,
  parseClassicKey,
} from "./layout.ts";

/** What a listing tells of one object. */
export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
  readonly modifiedAt: Instant;
}

/**
 * The backups that one listing of `<database>/` and of the runbook's files shows, sorted by name. No object is read:
 * complete means that the manifest, which is written last, and every object that the layout demands are there and not
 * empty (of the runbook's files: not smaller than any dump). `verify` compares each with the manifest's own list.
 */
export function assembleBackups(
  environment: string,
  database: string,
  objects: readonly ListedObject[],
): readonly Backup[] {
  const folders = new Map<string, Member[]>();
  const classics = new Map<string, ClassicMember[]>();
  for (const object of objects) {
    const classic = parseClassicKey(object.key);
    if (classic !== null) {
      if (classic.database === database && classic.environment === environment)
        push(classics, classic.name, { classic, object });
      continue;
    }
    const key = parseBackupKey(environment, database, object.key);
    if (key.stamp !== null) push(folders, backupName(environment, database, key.stamp), { key, object });
  }
  const found = [
    ...[...folders].map(([name, members]) => fromFolder(name, database, members)),
    ...[...classics].map(([name, members]) => fromClassic(name, database, members)),
  ];
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.layout < b.layout ? -1 : 1));
}

interface Member {
  readonly key: BackupKey;
  readonly object: ListedObject;
}

interface ClassicMember {
  readonly classic: ClassicKey;
  readonly object: ListedObject;
}

function fromFolder(name: string, database: string, members: readonly Member[]): Backup {
  const manifest = members.find(({ key }) => key.kind === "manifest")?.object;
  const origin = members.flatMap(({ key }) => (key.kind === "origin" ? [key.origin] : []))[0] ?? null;
  const roles = new Set(
    members.flatMap(({ key, object }) => (key.kind === "object" && object.bytes > 0 ? [key.role] : [])),
  );
  const whole = (["archive", "globals", "detail", "restore-guide"] as const).every((role) => roles.has(role));
  const complete = manifest !== undefined && manifest.bytes > 0 && whole && origin !== null;
  return {
    name,
    database,
    at: stampInstant(name),
    layout: "directory",
    state: complete ? "complete" : "incomplete",
    origin,
    bytes: members.reduce((sum, { key, object }) => (isContent(key) ? sum + object.bytes : sum), 0),
    etag: manifest?.etag ?? null,
    modifiedAt: newest(members.map(({ object }) => object.modifiedAt)),
    proofs: members
      .flatMap(({ key }) => (key.kind === "proof" ? [{ at: key.at, passed: key.passed }] : []))
      .sort((a, b) => (a.at < b.at ? -1 : 1)),
    holds: [...new Set(members.flatMap(({ key }) => (key.kind === "hold" ? [key.id] : [])))].sort(),
    ...unknownIn(name, members, manifest !== undefined),
  };
}

/** What no version of the layout has, and a signature without the manifest that it would sign. */
function unknownIn(name: string, members: readonly Member[], hasManifest: boolean): Pick<Backup, "unknown"> {
  const unknown = members.filter(
    ({ key }) => key.kind === "other" || (key.kind === "signature" && !hasManifest),
  );
  if (unknown.length === 0) return {};
  const folder = folderOf(name).length;
  return { unknown: unknown.map(({ object }) => object.key.slice(folder)).sort() };
}

/**
 * No dump is smaller: pg_dump 15 writes 693 bytes of a database without a table, which are 0.39 kB behind gzip -9 and 416 bytes behind openssl.
 * A `pg_dump | gzip | openssl` whose pg_dump wrote nothing leaves 48 bytes, and a right checksum of them.
 */
export const SMALLEST_CLASSIC_BYTES = 256;

function fromClassic(name: string, database: string, members: readonly ClassicMember[]): Backup {
  const file = members.find(({ classic }) => classic.kind === "file")?.object;
  const checksum = members.find(({ classic }) => classic.kind === "checksum")?.object;
  return {
    name,
    database,
    at: stampInstant(name),
    layout: "classic",
    state:
      file !== undefined && file.bytes >= SMALLEST_CLASSIC_BYTES && checksum !== undefined
        ? "complete"
        : "incomplete",
    origin: members.flatMap(({ classic }) => (classic.kind === "origin" ? [classic.origin] : []))[0] ?? null,
    bytes: (file?.bytes ?? 0) + (checksum?.bytes ?? 0),
    etag: file?.etag ?? null,
    modifiedAt: newest(members.map(({ object }) => object.modifiedAt)),
    proofs: [],
    holds: [
      ...new Set(members.flatMap(({ classic }) => (classic.kind === "hold" ? [classic.id] : []))),
    ].sort(),
  };
}

function isContent(key: BackupKey): boolean {
  return key.kind === "object" || key.kind === "manifest" || key.kind === "signature";
}

function stampInstant(name: string): Instant {
  const [date = "", time = ""] = name.split("_").slice(-2);
  const [year, month, day] = [date.slice(0, 4), date.slice(4, 6), date.slice(6)];
  return `${year}-${month}-${day}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}.000Z`;
}

function newest(instants: readonly Instant[]): Instant {
  return instants.toSorted().at(-1) ?? "";
}

function push<T>(groups: Map<string, T[]>, name: string, member: T): void {
  const group = groups.get(name);
  if (group === undefined) groups.set(name, [member]);
  else group.push(member);
}
