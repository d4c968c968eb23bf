import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Ran, type Running, type RunOptions, runDbops, startDbops } from "./dbops.ts";
import { memoryFolder } from "./memory-folder.ts";
import type { Cluster } from "./postgres-cluster.ts";

/** A working folder with an environment, marked file stores and a fresh age key. */
export interface Workplace {
  readonly folder: string;
  readonly recipient: string;
  readonly keyFile: string;
  /** Writes environments/<name>.yaml. */
  declare(environment: string, yaml: string): Promise<void>;
  dbops(args: readonly string[], env?: RunOptions["env"]): Promise<Ran>;
  start(args: readonly string[], env?: RunOptions["env"]): Running;
  remove(): Promise<void>;
}

/** Makes one with the folders `stores/primary` and `stores/dr`; nothing is declared or marked yet. */
export async function makeWorkplace(): Promise<Workplace> {
  const folder = await newFolder();
  for (const name of ["environments", "stores/primary", "stores/dr"])
    await mkdir(join(folder, name), { recursive: true });
  const keyFile = join(folder, "age.key");
  await promisify(execFile)("age-keygen", ["-o", keyFile]);
  const { stdout } = await promisify(execFile)("age-keygen", ["-y", keyFile]);
  return workplaceIn(folder, stdout.trim());
}

/** A copy of its own of everything in a workplace: environments, stores with their marks and backups, key, plans. */
export async function copyWorkplace(workplace: Pick<Workplace, "folder" | "recipient">): Promise<Workplace> {
  const folder = await newFolder();
  await cp(workplace.folder, folder, { recursive: true, preserveTimestamps: true });
  return workplaceIn(folder, workplace.recipient);
}

/** The same workplace, whose dbops has little patience for what a test has taken away for good. */
export function hurried<W extends Workplace>(workplace: W): W {
  const options = (env: RunOptions["env"] = {}) =>
    ({ cwd: workplace.folder, env, name: "dbops-hurried" }) as const;
  return {
    ...workplace,
    dbops: (args, env) => runDbops(args, options(env)),
    start: (args, env) => startDbops(args, options(env)),
  };
}

function newFolder(): Promise<string> {
  return mkdtemp(join(memoryFolder(), "dbops-workplace-"));
}

function workplaceIn(folder: string, recipient: string): Workplace {
  return {
    folder,
    keyFile: join(folder, "age.key"),
    recipient,
    declare: (environment, yaml) => writeFile(join(folder, "environments", `${environment}.yaml`), yaml),
    dbops: (args, env = {}) => runDbops(args, { cwd: folder, env }),
    start: (args, env = {}) => startDbops(args, { cwd: folder, env }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface Declaration {
  readonly environment?: string;
  readonly database?: string;
  /** YAML flow value of `retention`. */
  readonly retention?: string;
  readonly schedules?: string;
  readonly protected?: boolean;
  readonly automatic?: string;
  /** Which of the two file stores the database is kept in, in order. */
  readonly stores?: readonly ("primary" | "dr")[];
  readonly encryption?: string;
  readonly user?: string;
}

/** An environment file for one database of a cluster, in file stores of the workplace. */
export function environmentYaml(
  workplace: Workplace,
  cluster: Cluster,
  declaration: Declaration = {},
): string {
  const stores = declaration.stores ?? ["primary"];
  const connection = [
    `host: ${cluster.host}, port: ${cluster.port}`,
    `database: ${JSON.stringify(declaration.database ?? "app")}, user: ${declaration.user ?? cluster.superuser}`,
    `password: { file: ${JSON.stringify(cluster.passwordFile)} }, sslmode: disable`,
  ].join(", ");
  return `version: 1
environment: ${declaration.environment ?? "production"}
protected: ${declaration.protected ?? false}
automatic: ${declaration.automatic ?? "[backup, copy]"}
records: ${stores[0]}
stores:
${stores.map((name) => `  ${name}: { file: { path: ./stores/${name} } }`).join("\n")}
identities: [{ file: ./age.key }]
databases:
  app:
    connection: { ${connection} }
    backup:
      schedules: ${declaration.schedules ?? '{ daily: { cron: "0 1 * * *" } }'}
      stores: [${stores.join(", ")}]
      encryption: ${declaration.encryption ?? `{ age: { recipients: [${workplace.recipient}] } }`}
      retention: ${declaration.retention ?? "{ within: 30d }"}
`;
}
