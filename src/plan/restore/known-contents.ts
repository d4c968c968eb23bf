import type {
  ArchiveEntry,
  BackupContents,
  BackupDetail,
  PlainContents,
} from "../../model/archive-contents.ts";
import type { Connection, Environment } from "../../model/environment.ts";
import type { Instant } from "../../model/instant.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { DatabaseProperties } from "../../model/restore-target.ts";
import { archiveBytes, fileOf } from "./file-of.ts";
import type { Candidate } from "./listed-backup.ts";

/**
 * What is known of a backup before it is loaded, whichever layout it has. Here alone an archive with its manifest and detail is told from
 * the runbook's file: who decides on a restore asks what is known, and says so where it is not.
 */
export interface KnownContents {
  readonly form: "archive" | "plain dump";
  /** Whose backup it says it is. */
  readonly environment: string;
  readonly database: string;
  /** The server's clock in the snapshot; of a plain dump its name, which it got before it was dumped. */
  readonly takenAt: Instant;
  readonly label: string | null;
  readonly imageDigest: string | null;
  /** null: there was none; undefined: nobody knows. */
  readonly schemaRevision: string | null | undefined;
  readonly encryption: Manifest["encryption"] | "openssl";
  /** As the server printed it; null: not known. */
  readonly serverVersion: string | null;
  /** Where it was dumped, as far as that is known. */
  readonly source: Pick<BackupDetail, "endpoint" | "systemIdentifier" | "database" | "oid">;
  /** What pg_dump wrote; null: not known. */
  readonly plainBytes: number | null;
  /** Of the database that was dumped; null: not known. */
  readonly sizeBytes: number | null;
  /** How many it must bring back; null: not known. */
  readonly tables: number | null;
  /** Of how many of them the rows were counted when it was dumped. */
  readonly counted: number;
  /** null: a dump says nothing of the database that it is of. */
  readonly properties: DatabaseProperties | null;
  /** Of the archive, in its order; a plain dump has no such list. */
  readonly entries: readonly ArchiveEntry[];
  readonly extensions: BackupDetail["extensions"];
  readonly subscriptions: readonly string[];
  /** Not given: not known. */
  readonly publications?: NonNullable<BackupDetail["publications"]>;
  /** Roles of the server that was dumped, sorted; none are known of a plain dump. */
  readonly roles: readonly string[];
  /** The name of the object with the statements that make them; null: there is none. */
  readonly globals: string | null;
}

/** `from`: the environment whose backup it is, where that is another one. */
export function knownContents(
  contents: Extract<BackupContents, { state: "read" | "plain" }>,
  candidate: Candidate,
  { name, from }: { readonly name: string; readonly from: Environment | null },
): KnownContents {
  return contents.state === "read" ? ofArchive(contents) : ofPlainDump(contents, candidate, { name, from });
}

function ofArchive({
  manifest,
  detail,
  entries,
  roles,
}: Extract<BackupContents, { state: "read" }>): KnownContents {
  const { publications } = detail;
  return {
    form: "archive",
    environment: manifest.environment,
    database: manifest.database,
    takenAt: manifest.snapshotAt,
    label: manifest.label,
    imageDigest: manifest.imageDigest,
    schemaRevision: manifest.schemaRevision,
    encryption: manifest.encryption,
    serverVersion: manifest.server.version,
    source: detail,
    plainBytes: archiveBytes(manifest),
    sizeBytes: detail.sizeBytes,
    tables: detail.tables.length,
    counted: detail.tables.filter((one) => (one.rows ?? null) !== null).length,
    properties: detail.properties,
    entries,
    extensions: detail.extensions,
    subscriptions: detail.subscriptions,
    ...(publications === undefined ? {} : { publications }),
    roles,
    globals: fileOf(manifest, "globals"),
  };
}

function ofPlainDump(
  { serverVersion }: PlainContents,
  { backup }: Candidate,
  { name, from }: { readonly name: string; readonly from: Environment | null },
): KnownContents {
  return {
    form: "plain dump",
    environment: from?.name ?? name,
    database: backup.database,
    takenAt: backup.at,
    label: null,
    imageDigest: null,
    schemaRevision: undefined,
    encryption: "openssl",
    serverVersion,
    source: declaredSource(from?.databases.find((one) => one.name === backup.database)?.connection ?? null),
    plainBytes: null,
    sizeBytes: null,
    tables: null,
    counted: 0,
    properties: null,
    entries: [],
    extensions: [],
    subscriptions: [],
    roles: [],
    globals: null,
  };
}

/** Where the other environment's file says that the database is: nothing in a plain dump does. */
function declaredSource(connection: Connection | null): KnownContents["source"] {
  const unknown = { endpoint: null, systemIdentifier: null, database: null, oid: null };
  if (connection?.kind !== "parts") return unknown;
  const { host, port, database } = connection;
  return { ...unknown, endpoint: host.startsWith("/") ? host : `${host}:${port}`, database };
}
