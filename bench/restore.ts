import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { buildWhenStale } from "../scripts/built.ts";
import type { Cluster } from "../test/support/postgres-cluster.ts";
import { describeMachine, load } from "./machine.ts";
import { median, type TimedRun, timedRun } from "./timed-run.ts";
import { ROLE, startTradingDatabase } from "./trading-database.ts";

// npm run bench:restore -- [--rounds 3] [--signals 4500000] [--equal 1500000]
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    /** 4.5 million make 1.2 GB of dump, most of it in one table. */
    signals: { type: "string", default: "4500000" },
    /** Rows of each of four equal tables in a second database: 1 GB of dump. */
    equal: { type: "string", default: "1500000" },
  },
});

const DBOPS = join(import.meta.dirname, "..", "bin", "dbops.js");
const EQUAL = "equal_tables";
const TARGET = "bench_restored";

process.exitCode = (await buildWhenStale(join(import.meta.dirname, ".."))) ? await bench() : 1;

async function bench(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "dbops-bench-"));
  say("generating the databases");
  const database = await startTradingDatabase({ signals: Number(values.signals), inMemory: true });
  const { cluster } = database;
  try {
    await makeEqualTables(cluster, Number(values.equal));
    const world = { cluster, folder, env: { ...database.env, PGUSER: cluster.superuser } };
    await prepare(world, [database.name, EQUAL]);
    const trading = await rounds(world, database.name, ["pg_restore -j2", "the runbook", "dbops"]);
    const equal = await rounds(world, EQUAL, ["pg_restore", "dbops"]);
    const facts = [
      ...describeMachine(cluster.binFolder),
      `${(database.dumpBytes / 1e9).toFixed(2)} GB of dump`,
    ];
    process.stdout.write(`${[...facts, "", ...render(trading), "", ...render(equal)].join("\n")}\n`);
    const peak = Math.max(...[trading, equal].map((one) => one.get("dbops")?.peakMiB ?? 0)) * 1.048576;
    const goals = [
      goal("one large table: × pg_restore -j2", ratio(trading, "dbops", "pg_restore -j2"), 1.1),
      goal("one large table: × the runbook", ratio(trading, "dbops", "the runbook"), 1),
      goal("equal tables: × pg_restore", ratio(equal, "dbops", "pg_restore"), 1),
      goal("peak memory of dbops in MB", peak, 300),
    ];
    return goals.every((isMet) => isMet) ? 0 : 1;
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface World {
  readonly cluster: Cluster;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

async function makeEqualTables(cluster: Cluster, rows: number): Promise<void> {
  await cluster.createDatabase(EQUAL);
  for (let n = 1; n <= 4; n += 1)
    await cluster.psql(
      EQUAL,
      `CREATE TABLE t${n} AS SELECT g AS id, md5(g::text) AS a, repeat(md5((g * ${n})::text), 4) AS b FROM generate_series(1, ${rows}) g;
       ALTER TABLE t${n} ADD PRIMARY KEY (id); CREATE INDEX ON t${n} (a);`,
    );
  await cluster.psql(EQUAL, "VACUUM");
}

/** A backup by dbops, a local archive without compression, and the scripts' file, of each database. */
async function prepare(world: World, databases: readonly string[]): Promise<void> {
  const identity = await generateIdentity();
  await writeFile(join(world.folder, "key"), `${identity}\n`, { mode: 0o600 });
  await mkdir(join(world.folder, "environments"));
  await mkdir(join(world.folder, "store"));
  const text = environmentText(world.cluster, databases, await identityToRecipient(identity));
  await writeFile(join(world.folder, "environments", "bench.yaml"), text);
  await dbops(world, ["init", "stores", "bench"]);
  await dbops(world, ["plan", "bench", "backup", "--out", "backup.yaml"]);
  await dbops(world, ["apply", "backup.yaml"]);
  for (const name of databases) {
    await shell(world, `pg_dump -Fc -Z0 -f ${name}.dump ${name}`);
    await shell(world, `pg_dump ${name} | gzip | openssl enc -AES256 -pass env:KEY > ${name}.sql.gz.enc`);
  }
}

function environmentText(cluster: Cluster, databases: readonly string[], recipient: string): string {
  const password = "password: { env: DB_PASSWORD }";
  const entries = databases.map(
    (name) => `  ${name}:
    connection: { host: ${cluster.host}, port: ${cluster.port}, database: ${name}, user: ${ROLE}, ${password}, sslmode: disable }
    admin: { user: ${cluster.superuser}, ${password} }
    backup: { stores: [only], compression: { zstd: 1 }, encryption: { age: { recipients: [${recipient}] } } }
    restore: { jobs: 2 }
`,
  );
  return `version: 1
environment: bench
stores: { only: { file: { path: ./store } } }
identities: [{ file: ./key }]
databases:
${entries.join("")}`;
}

interface Row {
  readonly seconds: number[];
  readonly peakMiB: number;
}

async function rounds(world: World, name: string, contenders: readonly string[]): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>(contenders.map((one) => [one, { seconds: [], peakMiB: 0 }]));
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    for (const contender of contenders) {
      await world.cluster.psql("postgres", "CHECKPOINT");
      const run = await restore(world, contender, { name, round });
      const row = rows.get(contender);
      row?.seconds.push(run.seconds);
      if (row !== undefined) rows.set(contender, { ...row, peakMiB: Math.max(row.peakMiB, run.peakMiB) });
      say(`round ${round}: ${run.seconds.toFixed(1)} s  ${name}  ${contender}  (load ${load().toFixed(1)})`);
      await world.cluster.psql("postgres", `DROP DATABASE ${TARGET} WITH (FORCE)`);
    }
  }
  return rows;
}

async function restore(
  world: World,
  contender: string,
  { name, round }: { readonly name: string; readonly round: number },
): Promise<TimedRun> {
  const create = `createdb -T template0 ${TARGET}`;
  switch (contender) {
    case "dbops": {
      const plan = `${name}-${round}.yaml`;
      const what = ["restore", "--database", name, "--at", "latest", "--into", TARGET];
      await dbops(world, ["plan", "bench", ...what, "--out", plan]);
      return dbops(world, ["apply", plan, "--yes"]);
    }
    case "the runbook":
      return shell(
        world,
        `${create} && openssl enc -d -AES256 -pass env:KEY -in ${name}.sql.gz.enc | gunzip | psql -q -o /dev/null ${TARGET}`,
      );
    default:
      return shell(world, `${create} && ${contender} -d ${TARGET} ${name}.dump`);
  }
}

function dbops({ folder, cluster }: World, args: readonly string[]): Promise<TimedRun> {
  const env = { ...process.env, CI: "1", DB_PASSWORD: cluster.password };
  return timedRun({ argv: [process.execPath, DBOPS, ...args], env, cwd: folder });
}

function shell({ folder, env }: World, command: string): Promise<TimedRun> {
  const argv = ["bash", "-o", "pipefail", "-c", command];
  return timedRun({ argv, env: { ...env, KEY: "an-example-key-of-32-characters!" }, cwd: folder });
}

function render(rows: Map<string, Row>): readonly string[] {
  const lines = [...rows].map(([name, { seconds, peakMiB }]) => {
    const range = `${Math.min(...seconds).toFixed(1)}–${Math.max(...seconds).toFixed(1)}`;
    const peak = name === "dbops" ? `${peakMiB.toFixed(0)} MiB` : "";
    return `| ${name} | ${median(seconds).toFixed(1)} s | ${range} | ${peak} |`;
  });
  return ["| restored by | median | range | dbops' peak memory |", "|---|---|---|---|", ...lines];
}

function ratio(rows: Map<string, Row>, mine: string, theirs: string): number {
  return median(rows.get(mine)?.seconds ?? []) / median(rows.get(theirs)?.seconds ?? []);
}

function goal(says: string, value: number, bound: number): boolean {
  const isMet = value <= bound;
  say(`${isMet ? "met" : "MISSED"}: ${says}, at most ${bound}: ${value.toFixed(2)}`);
  return isMet;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
