import type { Backup } from "../model/backup.ts";
import { type Instant, msOf } from "../model/instant.ts";
import { classicKey, folderOf, parseBackupKey, parseClassicKey } from "../model/layout.ts";
import type { Listing, UnfinishedUpload } from "../model/observation.ts";

/** Work without a manifest that nobody touched for this long is not in progress any more. */
export const ABANDONED_AFTER_MS = 24 * 3_600_000;

/** True for an unfinished write of an object that dbops knows; another one is never touched. */
export function isOwnUpload(
  upload: Pick<UnfinishedUpload, "key">,
  of: { readonly environment: string; readonly database: string },
): boolean {
  const classic = parseClassicKey(upload.key);
  if (classic !== null) return classic.environment === of.environment && classic.database === of.database;
  return parseBackupKey(of.environment, of.database, upload.key).kind !== "other";
}

/** True for what nobody has touched for 24 hours on the store's clock. */
export function isAbandoned(since: Instant, storeClockAt: Instant): boolean {
  return msOf(storeClockAt) - msOf(since) >= ABANDONED_AFTER_MS;
}

/**
 * True for a folder without a manifest that nobody works on: what a crash, or a deletion that broke off, left behind.
 * A folder with anything in it that dbops does not know is none: somebody else put it there.
 */
export function isLeftover(
  backup: Backup,
  listing: Extract<Listing, { state: "listed" }>,
  clockAt: Instant,
): boolean {
  if (backup.state === "complete" || backup.etag !== null || backup.layout === "classic") return false;
  if (backup.unknown !== undefined) return false;
  return isAbandoned(backup.modifiedAt, clockAt) && !isUploading(backup, listing, clockAt);
}

/** True while somebody may still be writing an object of this backup. */
export function isUploading(
  backup: Backup,
  listing: Extract<Listing, { state: "listed" }>,
  clockAt: Instant,
): boolean {
  const start = backup.layout === "classic" ? classicKey(backup.name) : folderOf(backup.name);
  return listing.uploads.some((one) => one.key.startsWith(start) && !isAbandoned(one.startedAt, clockAt));
}
