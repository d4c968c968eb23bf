import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { S3Target } from "./s3-target.ts";
import { type TimedRun, timedRun } from "./timed-run.ts";
import { ROLE, type TradingDatabase } from "./trading-database.ts";

/** Something that is run once in each round. */
export interface Contender {
  readonly name: string;
  /** Compared with the others of its store; the floor has none. */
  readonly group: "floor" | "file" | "s3";
  readonly isDbops: boolean;
  run(): Promise<TimedRun>;
}

export interface Bench {
  /** Holds everything that a run writes. */
  readonly folder: string;
  readonly database: TradingDatabase;
  readonly s3: S3Target;
  readonly recipient: string;
}

const DBOPS = join(import.meta.dirname, "..", "bin", "dbops.js");

/** All of them, in the order of a round; their stores are marked. */
export async function prepareContenders(bench: Bench): Promise<readonly Contender[]> {
  const contenders: Contender[] = [
    {
      name: "`pg_dump -Fc -Z0 > /dev/null`, the floor",
      group: "floor",
      isDbops: false,
      run: () => shell(bench, "pg_dump -Fc -Z0 > /dev/null"),
    },
    runbook(bench, "file"),
  ];
  for (const level of [1, 3]) contenders.push(await dbops(bench, "file", level));
  contenders.push(runbook(bench, "s3"));
  for (const level of [1, 3]) contenders.push(await dbops(bench, "s3", level));
  return contenders;
}

/** Runs a command of dbops, as it is installed. */
export function runDbops(bench: Bench, args: readonly string[], alsoWell?: number): Promise<TimedRun> {
  const env = {
    ...process.env,
    CI: "1",
    DB_PASSWORD: bench.database.cluster.password,
    S3_USER: bench.s3.server.accessKeyId,
    S3_PASSWORD: bench.s3.server.secretAccessKey,
  };
  const argv = [process.execPath, DBOPS, ...args];
  return timedRun({ argv, env, cwd: bench.folder, ...(alsoWell === undefined ? {} : { alsoWell }) });
}

/** The environment file of one contender; `compression` and the store differ. */
export function environmentOf(kind: "file" | "s3", level: number): string {
  return `${kind}-zstd${level}`;
}

/** The scripts' pipeline: to a file, from there to the bucket. Its key stood in the argument list; here it does not. */
function runbook(bench: Bench, group: "file" | "s3"): Contender {
  const file = join(bench.folder, "runbook.sql.gz.enc");
  const dump = `pg_dump | gzip | openssl enc -AES256 -pass env:BACKUP_ENCRYPTION_KEY > '${file}'`;
  const upload = ` && ${bench.s3.uploadCommand(`'${file}'`, "runbook.sql.gz.enc")}`;
  return {
    name: `the runbook: \`pg_dump \\| gzip \\| openssl enc\`${group === "s3" ? ", upload" : ""}`,
    group,
    isDbops: false,
    async run() {
      const timed = await shell(bench, group === "s3" ? dump + upload : dump);
      await rm(file);
      return timed;
    },
  };
}

async function dbops(bench: Bench, group: "file" | "s3", level: number): Promise<Contender> {
  const environment = environmentOf(group, level);
  await mkdir(join(bench.folder, "environments"), { recursive: true });
  await mkdir(join(bench.folder, environment));
  const file = join(bench.folder, "environments", `${environment}.yaml`);
  await writeFile(file, environmentText(bench, { environment, group, level }));
  await runDbops(bench, ["init", "stores", environment]);
  let round = 0;
  return {
    name: `\`dbops apply\`, zstd ${level}, age`,
    group,
    isDbops: true,
    async run() {
      round += 1;
      const plan = `${environment}-${round}.yaml`;
      const except = ["--except", `${bench.database.name}.verify`];
      await runDbops(bench, ["plan", environment, "backup", "--out", plan, ...except]);
      return runDbops(bench, ["apply", plan]);
    },
  };
}

function environmentText(
  bench: Bench,
  given: { environment: string; group: "file" | "s3"; level: number },
): string {
  const { cluster, name } = bench.database;
  const { bucket } = bench.s3;
  const { endpoint } = bench.s3.server;
  const keys = "credentials: { accessKeyId: { env: S3_USER }, secretAccessKey: { env: S3_PASSWORD } }";
  const place =
    given.group === "file"
      ? `file: { path: ./${given.environment} }`
      : `s3: { bucket: ${bucket}, prefix: ${given.environment}, region: us-east-1, endpoint: "${endpoint}", pathStyle: true, ${keys} }`;
  return `version: 1
environment: ${given.environment}
stores: { only: { ${place} } }
databases:
  ${name}:
    connection: { host: ${cluster.host}, port: ${cluster.port}, database: ${name}, user: ${ROLE}, password: { env: DB_PASSWORD }, sslmode: disable }
    backup:
      schedules: { hourly: { cron: "0 * * * *" } }
      stores: [only]
      compression: { zstd: ${given.level} }
      encryption: { age: { recipients: [${bench.recipient}] } }
      retention: { within: 2d, daily: 30, weekly: 8, monthly: 12 }
`;
}

/** Like the scripts: a failing pg_dump would not be noticed without pipefail, and then there would be nothing to measure. */
function shell(bench: Bench, command: string): Promise<TimedRun> {
  const env = { ...bench.database.env, BACKUP_ENCRYPTION_KEY: "an-example-key-of-32-characters!" };
  return timedRun({ argv: ["bash", "-o", "pipefail", "-c", command], env, cwd: bench.folder });
}
