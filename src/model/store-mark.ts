import type { Instant } from "./instant.ts";

/** `_dbops/store.json`: tells that this folder or bucket is the store that the file means, and whose it is. */
export interface StoreMark {
  readonly storeId: string;
  readonly environment: string;
  readonly createdAt: Instant;
}

/** The mark in a text; null when it is none. */
export function parseStoreMark(text: string): StoreMark | null {
  try {
    const value: unknown = JSON.parse(text);
    return isStoreMark(value) ? value : null;
  } catch {
    return null;
  }
}

function isStoreMark(value: unknown): value is StoreMark {
  if (typeof value !== "object" || value === null) return false;
  const mark = value as Partial<StoreMark>; // every member is checked
  return (
    typeof mark.storeId === "string" &&
    typeof mark.environment === "string" &&
    typeof mark.createdAt === "string"
  );
}
