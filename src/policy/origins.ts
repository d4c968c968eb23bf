import type { Backup } from "../model/backup.ts";
import type { BackupFormat } from "../model/environment.ts";

/**
 * Backups as a database of this format counts them. The runbook's layout has no place for an origin: where dbops itself writes it, its
 * files are what a schedule made, cover slots and are copied, also those of `dbops plan E backup`; elsewhere they are somebody else's.
 */
export function withOrigins(backups: readonly Backup[], format: BackupFormat): readonly Backup[] {
  if (format !== "sql") return backups;
  return backups.map((one) => (one.layout === "classic" ? { ...one, origin: "scheduled" } : one));
}
