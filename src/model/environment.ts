import type { SecretSource } from "./secret.ts";

/** An environment as used: defaults filled in, every reference resolved to a name that exists, sorted by name. */
export interface Environment {
  readonly name: string;
  /** Path of the file it was read from, relative to the working directory. */
  readonly file: string;
  /** The folder that relative paths in the file start from. */
  readonly baseFolder: string;
  readonly protected: boolean;
  readonly automatic: readonly AutomaticKind[];
  /** Name of the store with locks, journal and plans. */
  readonly records: string;
  /** `none` gives up locks for a store that honours no conditions. */
  readonly locks: "conditional" | "none";
  readonly stores: readonly Store[];
  readonly identities: readonly Identity[];
  readonly databases: readonly Database[];
}

export const AUTOMATIC_KINDS = ["backup", "copy", "prune", "drill", "drop"] as const;
/** What `dbops run` may do without a person. */
export type AutomaticKind = (typeof AUTOMATIC_KINDS)[number];

export type Store = FileStoreDeclaration | S3StoreDeclaration;

export interface FileStoreDeclaration {
  readonly kind: "file";
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
}

export interface S3StoreDeclaration {
  readonly kind: "s3";
  readonly name: string;
  readonly bucket: string;
  /** Without leading or trailing slash; empty for the whole bucket. */
  readonly prefix: string;
  readonly region: string;
  readonly endpoint: string | null;
  readonly pathStyle: boolean;
  readonly checksums: "when_required" | "when_supported";
  readonly storageClass: string | null;
  readonly serverSideEncryption: string | null;
  /** `max`: how many parts the store allows; `equal`: all parts but the last must have one size. */
  readonly parts: { readonly max: number; readonly equal: boolean };
  /** null: the SDK's own chain (environment, profile, instance role). */
  readonly credentials: { readonly accessKeyId: SecretSource; readonly secretAccessKey: SecretSource } | null;
}

/** Where an age identity (a private key) is kept. */
export type Identity = SecretSource;

export interface Database {
  /** The name in stores. */
  readonly name: string;
  readonly connection: Connection;
  readonly admin: Admin | null;
  /** The endpoint of the server that this one is a declared physical clone of; null: it is none. */
  readonly cloneOf: string | null;
  readonly backup: BackupPolicy;
  readonly restore: RestorePolicy;
}

/** The role that restores. Its password is resolved only for restore, swap and drop. */
export interface Admin {
  readonly user: string;
  readonly password: SecretSource | null;
  /** The maintenance database it connects to. */
  readonly database: string;
}

export const PLATFORMS = ["rds", "cloudsql", "supabase"] as const;
export type Platform = (typeof PLATFORMS)[number];

export interface RestorePolicy {
  /** Parallel sessions for indexes and constraints. */
  readonly jobs: number;
  /** How long the replaced database is kept, in milliseconds. */
  readonly graceMs: number;
  /** SQL files, absolute paths, in order; a restore has to run them. */
  readonly sanitize: readonly string[];
  /** Queries whose one value must be true after a restore, in the order of the file. */
  readonly checks: readonly { readonly name: string; readonly sql: string }[];
  /** URLs that must answer with 2xx after the swap. */
  readonly health: readonly string[];
  /** Whose schemas are never touched; null: an ordinary server. */
  readonly platform: Platform | null;
}

export type SslMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

export type Connection =
  | {
      readonly kind: "parts";
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly user: string;
      readonly password: SecretSource | null;
      readonly sslmode: SslMode;
      /** Absolute path of a CA bundle, or null for the system's. */
      readonly sslrootcert: string | null;
    }
  | { readonly kind: "url"; readonly url: SecretSource }
  | { readonly kind: "service"; readonly service: string };

export interface BackupPolicy {
  /** Sorted by name. */
  readonly schedules: readonly Schedule[];
  /** In the order of the file: the first one is written by the dump, the others by copies. */
  readonly stores: readonly StorePolicy[];
  readonly format: BackupFormat;
  readonly compression: Compression;
  /** The rows of every table are counted beside the dump, in its snapshot; not given: of none. Only of an archive. */
  readonly counts?: "exact";
  readonly encryption: Encryption;
  /** The passphrase of the `.sql.gz.enc` files, of backup.sh and of `format: sql`; not given: none is known. */
  readonly classicPassphrase?: SecretSource;
}

export interface Schedule {
  readonly name: string;
  /** Five fields, as cron(5). */
  readonly cron: string;
  /** An IANA name. */
  readonly timezone: string;
}

export interface StorePolicy {
  readonly store: string;
  readonly retention: Retention;
}

/** `archive`: pg_dump's own, in dbops' folders; `sql`: the runbook's `.sql.gz.enc` and its checksum. */
export type BackupFormat = "archive" | "sql";

/** An archive has zstd or none, a plain dump always gzip: its name says so. */
export type Compression = { readonly zstd: number } | { readonly gzip: number } | "none";

export type Encryption =
  | { readonly kind: "age-recipients"; readonly recipients: readonly string[] }
  | { readonly kind: "age-passphrase"; readonly passphrase: SecretSource }
  /** As `openssl enc -AES256 -k` does; by `classicPassphrase`. */
  | { readonly kind: "openssl" }
  | { readonly kind: "none" };

/** How long backups are kept; all rules null or 0: everything is kept. */
export interface Retention {
  /** Milliseconds, counted back from the newest restore point; null: no such rule. */
  readonly withinMs: number | null;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
  /** Never fewer complete restore points than this. */
  readonly atLeast: number;
  /** Milliseconds that restore points not made by a schedule are kept, counted from their own time to now. */
  readonly keepOthersMs: number;
}
