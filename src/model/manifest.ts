import type { Origin } from "./backup.ts";
import type { Instant } from "./instant.ts";

/** What manifest.json holds: all that is needed before decryption, and nothing about the content. */
export interface Manifest {
  readonly formatVersion: 1;
  readonly environment: string;
  readonly database: string;
  readonly name: string;
  /** The server's clock inside the snapshot, with microseconds. */
  readonly snapshotAt: Instant;
  readonly origin: Origin;
  readonly label: string | null;
  readonly objects: readonly ManifestObject[];
  readonly format: "archive";
  readonly compression: ArchiveCompression;
  readonly encryption: "age" | "age-passphrase" | "none";
  /** `sha256:<hex>` of each recipient as it is written in the environment file, sorted. */
  readonly recipients: readonly string[];
  readonly server: { readonly version: string };
  readonly tools: { readonly dbops: string; readonly pgDump: string };
  /** Alembic's revision inside the snapshot; null when the database has none. */
  readonly schemaRevision: string | null;
  readonly imageDigest: string | null;
  readonly gitCommit: string | null;
  /** Digest of the plan that made it. */
  readonly plan: string;
}

/** How the parts of an archive are compressed. */
export type ArchiveCompression = { readonly zstd: number } | "none";

export type ObjectRole = "archive" | "globals" | "detail" | "restore-guide";

export interface ManifestObject {
  readonly role: ObjectRole;
  /** Relative to the backup's own folder. */
  readonly key: string;
  /** As stored. */
  readonly bytes: number;
  /** As stored, lower-case hex. */
  readonly sha256: string;
  /** Before compression and encryption: what pg_dump wrote. */
  readonly plaintextBytes: number;
  readonly plaintextSha256: string;
}
