import type { Instant } from "../model/instant.ts";
import { lockKey } from "../model/layout.ts";
import type { ProcessIdentity } from "../ports/host.ts";
import type { ObjectInfo, ObjectStore } from "../ports/object-store.ts";
import { readText } from "../ports/read-object.ts";
import { fail } from "../problems/dbops-error.ts";

/** The content of `locks/<scope>.json`. */
export interface LockFile {
  readonly formatVersion: 1;
  readonly state: "held" | "free";
  /** Grows by one with every holder. */
  readonly epoch: number;
  readonly holder: { readonly actor: string; readonly process: ProcessIdentity } | null;
  readonly plan: string | null;
  readonly leaseMs: number;
  /** The last journal entry that the holder knew of; null before the first. */
  readonly head: JournalHead | null;
  readonly sinceAt: Instant;
  /** Random for every write: tells an own write whose answer was lost. */
  readonly nonce: string;
}

export interface JournalHead {
  readonly n: number;
  /** SHA-256 of the canonical JSON of entry `n`. */
  readonly hash: string;
}

export interface ReadLock {
  readonly file: LockFile;
  readonly info: ObjectInfo;
}

/** Reads a lock; null when the scope never had one. */
export async function readLock(
  store: ObjectStore,
  scope: string,
  signal: AbortSignal,
): Promise<ReadLock | null> {
  const key = lockKey(scope);
  // The etag first: content read afterwards can only be newer, and then a replace with this etag is refused.
  const info = await store.head(key, signal);
  if (info === null) return null;
  const text = await readText(store, key, signal);
  return { file: parseLockFile(text, key), info };
}

/** True when nobody renewed it for a whole lease; both instants are the store's own clock, from one answer. */
export function isExpired({ file, info }: ReadLock): boolean {
  return Date.parse(info.readAt) - Date.parse(info.modifiedAt) > file.leaseMs;
}

/** `deploy@host-1, process 4711, since 2026-11-24T01:00:00.000Z, plan 1f3c5a…`. */
export function describeHolder(file: LockFile): string {
  if (file.holder === null) return "nobody";
  const { actor, process } = file.holder;
  const plan = file.plan === null ? "" : `, plan ${file.plan.slice(0, 12)}`;
  return `${actor}, process ${process.pid} on ${process.host}, since ${file.sinceAt}${plan}`;
}

function parseLockFile(text: string, key: string): LockFile {
  try {
    const value: unknown = JSON.parse(text);
    if (isLockFile(value)) return value;
  } catch {
    // falls through to the one error for every unreadable lock
  }
  return fail("LOCKED", `${key} is no lock that this version of dbops understands`, {
    fix: "look at the object; a newer dbops may have written it",
  });
}

function isLockFile(value: unknown): value is LockFile {
  if (typeof value !== "object" || value === null) return false;
  const file = value as Partial<LockFile>; // every member is checked below
  return (
    file.formatVersion === 1 &&
    (file.state === "held" || file.state === "free") &&
    Number.isSafeInteger(file.epoch) &&
    Number.isSafeInteger(file.leaseMs) &&
    (file.state === "free" || (file.holder !== null && file.holder !== undefined))
  );
}
