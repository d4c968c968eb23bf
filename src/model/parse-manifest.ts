import { ORIGINS } from "./backup.ts";
import type { Manifest, ManifestObject, ObjectRole } from "./manifest.ts";

const ROLES: readonly ObjectRole[] = ["archive", "globals", "detail", "restore-guide"];

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
    [manifest.environment, manifest.database, manifest.name, manifest.snapshotAt, manifest.plan].every(
      isText,
    ) &&
    ORIGINS.some((origin) => origin === manifest.origin) &&
    manifest.format === "archive" &&
    Array.isArray(manifest.objects) &&
    manifest.objects.every(isObject) &&
    ROLES.every((role) => manifest.objects?.filter((object) => object.role === role).length === 1) &&
    Array.isArray(manifest.recipients)
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
