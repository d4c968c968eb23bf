import { type Instant, msOf } from "./instant.ts";

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
    [mark.storeId, mark.environment].every((one) => typeof one === "string" && one !== "") &&
    typeof mark.createdAt === "string" &&
    !Number.isNaN(msOf(mark.createdAt))
  );
}
