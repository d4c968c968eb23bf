import type { Platform, SslMode } from "../model/environment.ts";
import type { SecretInFile, Text } from "./environment-file.ts";

export interface DatabaseInFile {
  /** How the backup role reaches the database. */
  readonly connection: ConnectionInFile;
  /** The role that restores; its password is asked for only then. */
  readonly admin?: AdminInFile;
  /** The endpoint (`host:port`) of the server that this one is a physical copy of; only where it is one. */
  readonly cloneOf?: Text;
  /** How often it is backed up, to where, encrypted for whom, kept how long. */
  readonly backup: BackupInFile;
  /** How a backup comes back (`dbops plan <environment> restore`). */
  readonly restore?: RestoreInFile;
}

/** By parts (`host`, `database`, `user` and more), or by `url` alone, or by `service` alone. */
export interface ConnectionInFile {
  /** The server's name or address, or the folder of its socket. */
  readonly host?: Text;
  /**
   * The server's port.
   * @asType integer
   * @minimum 1
   * @maximum 65535
   * @default 5432
   */
  readonly port?: number;
  /** The database's name on the server. */
  readonly database?: Text;
  /** The role that makes the backup; it needs no more than to read everything. */
  readonly user?: Text;
  /** Where the password is kept. Left out: ~/.pgpass, or none. */
  readonly password?: SecretInFile;
  /**
   * How TLS is used, as in libpq; `verify-full` is the one that proves whom it talks to.
   * @default "prefer"
   */
  readonly sslmode?: SslMode;
  /** The file with the certificates of the authorities to trust; `system` or left out: the system's. */
  readonly sslrootcert?: Text;
  /** Where a connection URL (`postgresql://…`) is kept; it holds the password, so it is a secret. */
  readonly url?: SecretInFile;
  /** An entry of the PostgreSQL service file (~/.pg_service.conf or PGSERVICEFILE). */
  readonly service?: Text;
}

export interface AdminInFile {
  /** The role's name. */
  readonly user: Text;
  /** Where its password is kept. */
  readonly password?: SecretInFile;
  /**
   * The maintenance database it connects to, to create and rename others.
   * @default "postgres"
   */
  readonly database?: Text;
}

export interface RestoreInFile {
  /**
   * How many sessions build indexes and constraints at once.
   * @asType integer
   * @minimum 1
   * @maximum 32
   * @default 2
   */
  readonly jobs?: number;
  /**
   * How long the replaced database is kept, closed, beside the restored one.
   * @default "7d"
   */
  readonly grace?: DurationText;
  /** SQL files that run in the restored database before anyone can connect. A restore without them is refused. */
  readonly sanitize?: readonly Text[];
  /**
   * Queries by a name of your choice; each gives one value, which must be true in the restored database.
   * @propertyNames {"pattern": "^[a-z0-9][a-z0-9_-]{0,40}$"}
   */
  readonly checks?: Readonly<Record<string, Text>>;
  /** URLs of the application that must answer with 2xx after the swap. */
  readonly health?: readonly Text[];
  /** A managed service, whose own schemas are never touched. */
  readonly platform?: Platform;
}

export interface BackupInFile {
  /**
   * When backups are made, by a name of your choice. Left out: only when asked for (`dbops plan <environment> backup`).
   * @minProperties 1
   * @propertyNames {"pattern": "^[a-z0-9][a-z0-9_-]{0,40}$"}
   */
  readonly schedules?: Readonly<Record<string, ScheduleInFile>>;
  /**
   * The stores, as NAME or { NAME: { retention: … } }. The first is written by the dump, the others by copies of it.
   * @minItems 1
   */
  readonly stores: readonly (string | StoreOverrides)[];
  /**
   * The format of the dump: PostgreSQL's own archive, which pg_restore reads; or the `.sql.gz.enc` of backup.sh, for what opens those
   * with openssl, gunzip and psql.
   * @default "archive"
   */
  readonly format?: "archive" | "sql";
  /**
   * How the dump is compressed: an archive by zstd (level 1 unless given) or not, sql by gzip (level 6 unless given).
   */
  readonly compression?: CompressionInFile | "none";
  /**
   * `exact`: the rows of every table are counted in the snapshot of the dump, and a restore compares them. Reads every table once more;
   * only of an archive.
   * @default "none"
   */
  readonly counts?: "exact" | "none";
  /** Who can open the backups. The word `none` leaves them readable for everyone who can read the store. */
  readonly encryption: EncryptionInFile | "none";
  /** How long backups are kept. No rule: for ever. */
  readonly retention?: RetentionInFile;
}

export interface ScheduleInFile {
  /** Five fields as in crontab(5): minute, hour, day of month, month, day of week. */
  readonly cron: Text;
  /**
   * An IANA name such as `Europe/Berlin`.
   * @default "UTC"
   */
  readonly timezone?: Text;
}

/**
 * A store with rules of its own: { NAME: { retention: … } }.
 * @minProperties 1
 * @maxProperties 1
 */
export interface StoreOverrides {
  readonly [store: string]: StoreOverride;
}

export interface StoreOverride {
  /** Takes the place of the database's retention in this store, as a whole. */
  readonly retention: RetentionInFile;
}

/**
 * @minProperties 1
 * @maxProperties 1
 */
export interface CompressionInFile {
  /**
   * The level of zstd, for an archive: 1 is the fastest, 19 the smallest.
   * @asType integer
   * @minimum 1
   * @maximum 19
   */
  readonly zstd?: number;
  /**
   * The level of gzip, for sql: 1 is the fastest, 9 the smallest.
   * @asType integer
   * @minimum 1
   * @maximum 9
   */
  readonly gzip?: number;
}

/**
 * An archive is sealed by `age`, sql by `openssl`.
 * @minProperties 1
 */
export interface EncryptionInFile {
  /** As an age file (https://age-encryption.org/v1). */
  readonly age?: AgeInFile;
  /** What opens the files of backup.sh (`.sql.gz.enc`), and seals new ones where the format is sql. */
  readonly openssl?: OpensslInFile;
}

export interface OpensslInFile {
  /** Where the scripts' passphrase (`openssl enc -AES256 -k`) is kept; every host that makes sql backups holds what opens them. */
  readonly passphrase: SecretInFile;
}

/**
 * To `recipients` or by a `passphrase`; age allows no mixture.
 * @minProperties 1
 * @maxProperties 1
 */
export interface AgeInFile {
  /**
   * Public keys (`age1…`), made by `age-keygen`; each of their private keys opens the backup alone.
   * @minItems 1
   */
  readonly recipients?: readonly Text[];
  /** Where the passphrase is kept. Every host that makes backups then holds what opens them. */
  readonly passphrase?: SecretInFile;
}

export interface RetentionInFile {
  /** Keeps everything made in this time before the newest backup. */
  readonly within?: DurationText;
  /** For this many days that have scheduled backups, keeps the last one of the day (UTC). */
  readonly daily?: Count;
  /** For this many ISO weeks that have scheduled backups, keeps the last one of the week. */
  readonly weekly?: Count;
  /** For this many months that have scheduled backups, keeps the last one of the month. */
  readonly monthly?: Count;
  /** For this many years that have scheduled backups, keeps the last one of the year. */
  readonly yearly?: Count;
  /**
   * Never fewer complete backups than this, whatever the other rules say.
   * @asType integer
   * @minimum 1
   * @maximum 10000
   * @default 3
   */
  readonly atLeast?: number;
  /**
   * How long backups that no schedule made are kept, from their own time on.
   * @default "30d"
   */
  readonly keepOthers?: DurationText;
}

/**
 * A whole number from 0 (no such rule) to 10000.
 * @asType integer
 * @minimum 0
 * @maximum 10000
 */
export type Count = number;

/**
 * A whole number and a unit: `m` (minutes), `h` (hours), `d` (days) or `w` (weeks), such as `30d`.
 * @pattern ^[1-9][0-9]{0,4}[mhdw]$
 */
export type DurationText = string;
