import { ORIGINS } from "./backup.ts";
import { msOf } from "./instant.ts";
import { MANIFEST, parseBackupName } from "./layout.ts";
import type { Manifest, ManifestObject, ObjectRole } from "./manifest.ts";

const ROLES: readonly ObjectRole[] = ["archive", "globals", "detail", "restore-guide"];
const ENCRYPTIONS: readonly Manifest["encryption"][] = ["age", "age-passphrase", "none"];

/** The manifest in a text; null when it is none, is newer than this dbops, or names a key outside its own folder. */
export function parseManifest(text: string): Manifest | null {
  try {
    const value: unknown = JSON.parse(text);
    return isManifest(value) ? value : null;
  } catch {
    return null;
  }
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== "object" || value === null) return false;
  const manifest = value as Partial<Manifest>; // what is used is checked below
  return (
    manifest.formatVersion === 1 &&
    isNamed(manifest) &&
    [manifest.plan, manifest.tools?.pgDump, manifest.server?.version].every(isText) &&
    !Number.isNaN(msOf(manifest.snapshotAt ?? "")) &&
    ORIGINS.some((origin) => origin === manifest.origin) &&
    manifest.format === "archive" &&
    (manifest.compression === "none" || isCount(manifest.compression?.zstd)) &&
    ENCRYPTIONS.some((encryption) => encryption === manifest.encryption) &&
    hasObjects(manifest) &&
    Array.isArray(manifest.recipients)
  );
}

/** The name is that of its environment and database: it leads to the folder that is read, copied and deleted. */
function isNamed({ name, environment, database }: Partial<Manifest>): boolean {
  const parts = isText(name) ? parseBackupName(name) : null;
  return parts !== null && parts.environment === environment && parts.database === database;
}

/** One object for each role, under a key of its own. */
function hasObjects({ objects }: Partial<Manifest>): boolean {
  if (!Array.isArray(objects) || !objects.every(isObject)) return false;
  const keys = new Set(objects.map((object) => object.key)).add(MANIFEST);
  return (
    keys.size === ROLES.length + 1 &&
    ROLES.every((role) => objects.filter((object) => object.role === role).length === 1)
  );
}

function isObject(value: unknown): value is ManifestObject {
  if (typeof value !== "object" || value === null) return false;
  const object = value as Partial<ManifestObject>; // every member is checked
  return (
    ROLES.some((role) => role === object.role) &&
    isText(object.key) &&
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(object.key) &&
    isCount(object.bytes) &&
    isCount(object.plaintextBytes) &&
    isSha256(object.sha256) &&
    isSha256(object.plaintextSha256)
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isSha256(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}
