import type { Facts } from "../model/audit-entry.ts";

/** What an upload's facts say of the backup that it made; null where they say nothing. */
export interface MadeBackup {
  readonly name: string | null;
  /** As stored. */
  readonly storedBytes: number | null;
  /** What pg_dump wrote. */
  readonly plaintextBytes: number | null;
}

/** Reads the name from `bound` or `name`, and the sizes from the objects of the `sealed` manifest. */
export function madeBackupOf(facts: Facts | null): MadeBackup {
  const sealed = recordOf(facts?.["sealed"]) ?? recordOf(facts?.["manifest"]);
  const objects = Array.isArray(sealed?.["objects"]) ? sealed["objects"] : [];
  return {
    name: textOf(facts?.["bound"]) ?? textOf(facts?.["name"]) ?? textOf(sealed?.["name"]),
    storedBytes: numberOf(facts?.["bytes"]) ?? sum(objects, "bytes"),
    plaintextBytes: numberOf(facts?.["plaintextBytes"]) ?? sum(objects, "plaintextBytes"),
  };
}

function sum(objects: readonly unknown[], key: string): number | null {
  const sizes = objects.flatMap((object) => numberOf(recordOf(object)?.[key]) ?? []);
  return sizes.length === 0 ? null : sizes.reduce((total, bytes) => total + bytes, 0);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  return value as Readonly<Record<string, unknown>>; // an object that is no array
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
