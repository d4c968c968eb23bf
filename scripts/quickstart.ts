import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type Cluster, startCluster } from "../test/support/postgres-cluster.ts";
import { buildWhenStale } from "./built.ts";
import { runChild } from "./child.ts";
import { adaptExample } from "./quickstart-environment.ts";
import { openShell, type Shell } from "./quickstart-shell.ts";
import { setUp } from "./setup.ts";

const ROOT = join(import.meta.dirname, "..");
const SQL = ["trading-data.sql", "checksums.sql"];

process.exitCode = await main();

/** The main job of dbops for real, in a temporary folder; everything is gone afterwards, however it ends. */
async function main(): Promise<number> {
  const startedAt = performance.now();
  if (!(await setUp("quickstart")) || !(await buildWhenStale(ROOT))) return 1;
  const readyAt = performance.now();
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => interrupt.abort(new Error(`interrupted by ${name}`)));
  }
  try {
    await inTemporaryFolder((folder) => tour(folder, interrupt.signal));
  } catch (error) {
    process.stderr.write(`\nerror: ${error instanceof Error ? error.message : String(error)}\n`);
    return interrupt.signal.aborted ? 130 : 1;
  }
  const [setup, took] = [readyAt - startedAt, performance.now() - readyAt].map((ms) =>
    (ms / 1000).toFixed(1),
  );
  process.stdout.write(
    `\nDone in ${took} s, after ${setup} s of setup. Nothing of it is left on this machine.\n`,
  );
  return 0;
}

async function inTemporaryFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "dbops-quickstart-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tour(folder: string, signal: AbortSignal): Promise<void> {
  process.stdout.write(`# A PostgreSQL server of its own, on a free port, in a temporary folder.\n`);
  const cluster = await startCluster();
  try {
    const shell = openShell({ cwd: folder, env: environmentOf(folder, cluster), signal });
    await cluster.createRole("backup", "IN ROLE pg_read_all_data");
    await makeData(shell, cluster);
    await declare(shell, folder, cluster);
    await backUp(shell);
    await openByHand(shell);
    await compare(shell, cluster);
  } finally {
    await cluster.stop();
  }
}

/** `dbops` in the lines below is this checkout's bin/dbops.js; libpq's variables point psql and pg_restore at the cluster. */
function environmentOf(folder: string, cluster: Cluster): NodeJS.ProcessEnv {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(join(ROOT, "bin", "dbops.js"), join(bin, "dbops"));
  for (const name of SQL) symlinkSync(join(ROOT, "scripts", name), join(folder, name));
  const path = [bin, join(ROOT, "node_modules", ".bin"), cluster.binFolder, process.env["PATH"] ?? ""];
  return {
    ...process.env,
    PATH: path.join(delimiter),
    PGHOST: cluster.host,
    PGPORT: String(cluster.port),
    PGUSER: cluster.superuser,
    PGPASSWORD: cluster.password,
    DB_PASSWORD: cluster.password,
  };
}

async function makeData(shell: Shell, cluster: Cluster): Promise<void> {
  shell.say(
    `It listens on ${cluster.host}:${cluster.port}. Generated data of a trading signal platform goes in.`,
  );
  await shell.run("createdb trading_signals");
  await shell.run("psql -qd trading_signals -v users=5000 -v signals=200000 -f trading-data.sql > load.log");
  await shell.run(
    `psql -d trading_signals -c "SELECT pg_size_pretty(pg_database_size('trading_signals')) AS size"`,
  );
}

async function declare(shell: Shell, folder: string, cluster: Cluster): Promise<void> {
  shell.say("A key that opens backups. Only its public half stands in the environment file.");
  await shell.run("age-keygen -o age.key 2> key.log");
  const recipient = (await shell.run("age-keygen -y age.key")).trim();
  shell.say("One file says what must be true.");
  mkdirSync(join(folder, "environments"));
  const example = readFileSync(join(ROOT, "environments", "development.yaml"), "utf8");
  const adapted = adaptExample(example, { port: cluster.port, recipient });
  writeFileSync(join(folder, "environments", "development.yaml"), adapted);
  await shell.run("cat environments/development.yaml");
  await shell.run("dbops validate development");
  shell.say("The store must exist, and is marked once as this environment's.");
  await shell.run("mkdir -p var/backups/development");
  await shell.run("dbops init stores development");
}

async function backUp(shell: Shell): Promise<void> {
  shell.say("What would make reality match the file? Nothing is changed yet.");
  await shell.run("dbops plan development --out plan.yaml");
  await shell.run("dbops apply plan.yaml --dry-run");
  shell.say("The reviewed file is the executed file.");
  await shell.run("dbops apply plan.yaml");
  shell.say("Plan again: exit code 0 with --detailed-exitcode says that there is nothing to do.");
  const planned = await shell.run("dbops plan development --detailed-exitcode");
  if (!planned.includes("No changes.")) throw new Error("the second plan has changes");
  await shell.run("dbops backups development");
}

async function openByHand(shell: Shell): Promise<void> {
  shell.say(
    "The backup, as it lies in the store. It needs no dbops to come back: age, zstd and pg_restore are enough.",
  );
  await shell.run("cd var/backups/development && find . -type f -printf '%10s  %P\\n' | sort -k2");
  await shell.run("createdb by_hand");
  await shell.run(
    "age -d -i age.key var/backups/development/trading_signals/*/*.dump.zst.age | zstd -dc | pg_restore --exit-on-error -d by_hand",
  );
}

async function compare(shell: Shell, cluster: Cluster): Promise<void> {
  shell.say("Is it the same? Rows and checksums of every table, then the text of the whole schema.");
  await shell.run("psql -qAtX -d trading_signals -f checksums.sql | tee original.txt");
  await shell.run("psql -qAtX -d by_hand -f checksums.sql > restored.txt");
  await shell.run("diff original.txt restored.txt && echo 'the data is equal'");
  const help = (await runChild([join(cluster.binFolder, "pg_dump"), "--help"])).stdout;
  const dump = help.includes("--restrict-key") ? "pg_dump -s --restrict-key=quickstart" : "pg_dump -s";
  await shell.run(`diff <(${dump} trading_signals) <(${dump} by_hand) && echo 'the schema is equal'`);
}
