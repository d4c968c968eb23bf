import type { Instant } from "../model/instant.ts";
import { parseBackupName } from "../model/layout.ts";

/** The stamp at the end of a backup's name; the whole text when it is no name. */
export function stampIn(name: string): string {
  return parseBackupName(name)?.stamp ?? name;
}

/** An instant as people read it in a reason: `2026-11-24 01:00 UTC`, with seconds where there are any. */
export function renderInstant(at: Instant): string {
  const seconds = at.slice(17, 19) === "00" ? "" : at.slice(16, 19);
  return `${at.slice(0, 10)} ${at.slice(11, 16)}${seconds} UTC`;
}

/** `2 objects that dbops does not know (a.txt, b.txt)`; the first three are named. */
export function renderUnknown(keys: readonly string[]): string {
  const more = keys.length > 3 ? ", …" : "";
  return `${countOf(keys.length, "object")} that dbops does not know (${keys.slice(0, 3).join(", ")}${more})`;
}

/** What stays behind when a backup is deleted, at the end of its reason. */
export function renderStaying(keys: readonly string[] | undefined): string {
  return keys === undefined ? "" : `; ${renderUnknown(keys)} will stay`;
}

/** `3 backups`, `1 backup`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
