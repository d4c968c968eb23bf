import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type {
  Admin,
  BackupPolicy,
  Compression,
  Connection,
  Database,
  Encryption,
  Environment,
  RestorePolicy,
  Retention,
  S3StoreDeclaration,
  Store,
  StorePolicy,
} from "../model/environment.ts";
import type { SecretSource } from "../model/secret.ts";
import type {
  AdminInFile,
  BackupInFile,
  ConnectionInFile,
  DatabaseInFile,
  RestoreInFile,
  RetentionInFile,
} from "./database-in-file.ts";
import { parseDuration } from "./duration.ts";
import type { EnvironmentFile, SecretInFile } from "./environment-file.ts";
import { trimPrefix } from "./rules/store-rules.ts";
import type { S3InFile, StoreInFile } from "./store-in-file.ts";

/** Where an environment file lies. */
export interface FilePlace {
  /** Path of the file, relative to the working directory. */
  readonly file: string;
  /** The folder that relative paths in it start from. */
  readonly baseFolder: string;
}

/** The environment as used, from a file that has no problems: defaults filled in, paths absolute, sorted by name. */
export function toEnvironment(file: EnvironmentFile, place: FilePlace): Environment {
  const stores = sortedEntries(file.stores).map(([name, store]) => toStore(name, store, place));
  return {
    name: file.environment,
    file: place.file,
    baseFolder: place.baseFolder,
    protected: file.protected ?? false,
    automatic: file.automatic ?? ["backup", "copy"],
    records: file.records ?? stores[0]?.name ?? "",
    locks: file.locks ?? "conditional",
    stores,
    identities: (file.identities ?? []).map((source) => toSecret(source, place)),
    databases: sortedEntries(file.databases).map(([name, database]) => toDatabase(name, database, place)),
  };
}

/** One declared store as used. */
export function toStore(name: string, store: StoreInFile, place: FilePlace): Store {
  if (store.file !== undefined) return { kind: "file", name, path: toPath(store.file.path, place) };
  return toS3(name, store.s3 ?? { bucket: "" }, place);
}

function toS3(name: string, s3: S3InFile, place: FilePlace): S3StoreDeclaration {
  const endpoint = s3.endpoint ?? null;
  const { credentials } = s3;
  return {
    kind: "s3",
    name,
    bucket: s3.bucket,
    prefix: trimPrefix(s3.prefix ?? ""),
    region: s3.region ?? "us-east-1", // any name does where there is an endpoint
    endpoint,
    pathStyle: s3.pathStyle ?? endpoint !== null,
    checksums: s3.checksums ?? "when_supported",
    storageClass: s3.storageClass ?? null,
    serverSideEncryption: s3.serverSideEncryption ?? null,
    parts: { max: s3.parts?.max ?? 10_000, equal: s3.parts?.equal ?? false },
    credentials:
      credentials === undefined
        ? null
        : {
            accessKeyId: toSecret(credentials.accessKeyId, place),
            secretAccessKey: toSecret(credentials.secretAccessKey, place),
          },
  };
}

function toDatabase(name: string, database: DatabaseInFile, place: FilePlace): Database {
  const { admin } = database;
  return {
    name,
    connection: toConnection(database.connection, place),
    admin: admin === undefined ? null : toAdmin(admin, place),
    cloneOf: database.cloneOf ?? null,
    backup: toBackup(database.backup, place),
    restore: toRestore(database.restore ?? {}, place),
  };
}

function toAdmin({ user, password, database }: AdminInFile, place: FilePlace): Admin {
  return { user, password: toSecretOrNull(password, place), database: database ?? "postgres" };
}

function toRestore(restore: RestoreInFile, place: FilePlace): RestorePolicy {
  return {
    jobs: restore.jobs ?? 2,
    graceMs: parseDuration(restore.grace ?? "7d"),
    sanitize: (restore.sanitize ?? []).map((path) => toPath(path, place)),
    checks: Object.entries(restore.checks ?? {}).map(([name, sql]) => ({ name, sql })),
    health: restore.health ?? [],
    platform: restore.platform ?? null,
  };
}

function toConnection(connection: ConnectionInFile, place: FilePlace): Connection {
  if (connection.url !== undefined) return { kind: "url", url: toSecret(connection.url, place) };
  if (connection.service !== undefined) return { kind: "service", service: connection.service };
  const certificates = connection.sslrootcert ?? "system";
  return {
    kind: "parts",
    host: connection.host ?? "",
    port: connection.port ?? 5432,
    database: connection.database ?? "",
    user: connection.user ?? "",
    password: toSecretOrNull(connection.password, place),
    sslmode: connection.sslmode ?? "prefer",
    sslrootcert: certificates === "system" ? null : toPath(certificates, place),
  };
}

function toBackup(backup: BackupInFile, place: FilePlace): BackupPolicy {
  const base = backup.retention ?? {};
  return {
    schedules: sortedEntries(backup.schedules ?? {}).map(([name, { cron, timezone }]) => ({
      name,
      cron: cron.trim().replaceAll(/\s+/g, " "),
      timezone: timezone ?? "UTC",
    })),
    stores: backup.stores.flatMap((entry): StorePolicy[] =>
      typeof entry === "string"
        ? [{ store: entry, retention: toRetention(base) }]
        : Object.entries(entry).map(([store, own]) => ({ store, retention: toRetention(own.retention) })),
    ),
    format: backup.format ?? "archive",
    compression: toCompression(backup),
    ...(backup.counts === "exact" ? { counts: backup.counts } : {}),
    encryption: toEncryption(backup.encryption, place),
    ...toClassic(backup.encryption, place),
  };
}

function toCompression({ format, compression }: BackupInFile): Compression {
  if (compression === "none") return "none";
  return format === "sql" ? { gzip: compression?.gzip ?? 6 } : { zstd: compression?.zstd ?? 1 };
}

function toClassic(
  encryption: BackupInFile["encryption"],
  place: FilePlace,
): Pick<BackupPolicy, "classicPassphrase"> {
  if (encryption === "none" || encryption.openssl === undefined) return {};
  return { classicPassphrase: toSecret(encryption.openssl.passphrase, place) };
}

function toEncryption(encryption: BackupInFile["encryption"], place: FilePlace): Encryption {
  if (encryption === "none") return { kind: "none" };
  if (encryption.age === undefined) return { kind: "openssl" };
  const { recipients, passphrase } = encryption.age;
  if (passphrase !== undefined) return { kind: "age-passphrase", passphrase: toSecret(passphrase, place) };
  return { kind: "age-recipients", recipients: [...(recipients ?? [])].sort() };
}

function toRetention(retention: RetentionInFile): Retention {
  return {
    withinMs: retention.within === undefined ? null : parseDuration(retention.within),
    daily: retention.daily ?? 0,
    weekly: retention.weekly ?? 0,
    monthly: retention.monthly ?? 0,
    yearly: retention.yearly ?? 0,
    atLeast: retention.atLeast ?? 3,
    keepOthersMs: parseDuration(retention.keepOthers ?? "30d"),
  };
}

function toSecretOrNull(source: SecretInFile | undefined, place: FilePlace): SecretSource | null {
  return source === undefined ? null : toSecret(source, place);
}

function toSecret(source: SecretInFile, place: FilePlace): SecretSource {
  if (source.env !== undefined) return { env: source.env };
  if (source.file !== undefined) return { file: toPath(source.file, place) };
  const [program = "", ...rest] = source.command ?? [];
  // A bare name is looked up in PATH; anything with a slash is a path as elsewhere in the file.
  return { command: [program.includes("/") ? toPath(program, place) : program, ...rest] };
}

function toPath(path: string, place: FilePlace): string {
  if (path === "~" || path.startsWith("~/")) return join(homedir(), path.slice(1));
  return resolve(place.baseFolder, path);
}

function sortedEntries<T>(map: Readonly<Record<string, T>>): (readonly [string, T])[] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}
