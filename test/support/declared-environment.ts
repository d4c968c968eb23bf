import type { EnvironmentFile } from "../../src/config/environment-file.ts";
import type { Cluster } from "./postgres-cluster.ts";
import type { Workplace } from "./workplace.ts";

type DatabaseInFile = NonNullable<EnvironmentFile["databases"][string]>;
type BackupInFile = DatabaseInFile["backup"];

export interface Declared {
  /** `production` unless given. */
  readonly environment?: string;
  readonly protected?: boolean;
  /** The name of the database in the cluster; in the stores it is always `app`. */
  readonly database?: string;
  readonly user?: string;
  /** Other parts of the connection. */
  readonly connection?: Readonly<Record<string, unknown>>;
  /** Stores by name, in order: of a file store its path. */
  readonly stores?: Readonly<Record<string, string | EnvironmentFile["stores"][string]>>;
  /** The first store, unless another one is named. */
  readonly records?: string;
  /** The stores that keep the database, in order; all, unless some are named. */
  readonly kept?: readonly string[];
  readonly format?: BackupInFile["format"];
  readonly compression?: BackupInFile["compression"];
  readonly encryption?: BackupInFile["encryption"];
  readonly counts?: BackupInFile["counts"];
  readonly identities?: EnvironmentFile["identities"];
  readonly admin?: DatabaseInFile["admin"];
  readonly restore?: DatabaseInFile["restore"];
  readonly cloneOf?: string;
}

/** Writes environments/<environment>.yaml for one database of a cluster (YAML takes JSON as it is). */
export async function declareApp(
  workplace: Workplace,
  cluster: Cluster,
  declared: Declared = {},
): Promise<void> {
  const stores = declared.stores ?? { primary: "./stores/primary" };
  const names = Object.keys(stores);
  const { environment = "production", format, compression, counts, admin, restore, cloneOf } = declared;
  const { encryption = { age: { recipients: [workplace.recipient] } } } = declared;
  const file = {
    version: 1,
    environment,
    ...(declared.protected === undefined ? {} : { protected: declared.protected }),
    records: declared.records ?? names[0],
    stores: Object.fromEntries(
      Object.entries(stores).map(([name, store]) => [
        name,
        typeof store === "string" ? { file: { path: store } } : store,
      ]),
    ),
    ...(declared.identities === undefined ? {} : { identities: declared.identities }),
    databases: {
      app: {
        connection: {
          host: cluster.host,
          port: cluster.port,
          database: declared.database ?? "app",
          user: declared.user ?? cluster.superuser,
          password: { file: cluster.passwordFile },
          sslmode: "disable",
          ...declared.connection,
        },
        ...(admin === undefined ? {} : { admin }),
        ...(restore === undefined ? {} : { restore }),
        ...(cloneOf === undefined ? {} : { cloneOf }),
        backup: {
          schedules: { daily: { cron: "0 1 * * *" } },
          stores: declared.kept ?? names,
          ...(format === undefined ? {} : { format }),
          ...(compression === undefined ? {} : { compression }),
          ...(counts === undefined ? {} : { counts }),
          encryption,
          retention: { within: "30d" },
        },
      },
    },
  };
  await workplace.declare(environment, JSON.stringify(file, null, 2));
}
