import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { appendFile, chmod, chown, mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Connection } from "../../src/model/environment.ts";
import {
  type ClusterTemplate,
  copyPrimary,
  copyTemplate,
  type DataPlace,
  makeData,
  SUPERUSER,
  takeTemplate,
} from "./cluster-data.ts";
import { memoryFolder } from "./memory-folder.ts";
import { commandAs, run, type User, unprivilegedUser } from "./server-user.ts";

export interface ClusterOptions {
  /** Keeps the data in memory where the machine has enough. */
  readonly inMemory?: boolean;
  /** Lines for postgresql.conf; they win over the throwaway defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Files for the data folder, readable by the server alone: certificates, keys, pg_hba.conf. */
  readonly files?: Readonly<Record<string, string>>;
  /** Streams from this cluster instead of being a new one. */
  readonly standbyOf?: Cluster;
  /** Begins with a copy of this data instead of being a new one. */
  readonly copyOf?: ClusterTemplate;
}

/** A throwaway PostgreSQL server on 127.0.0.1, run by an unprivileged user, gone after `stop`. */
export interface Cluster {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly socketFolder: string;
  readonly superuser: string;
  readonly password: string;
  /** Holds `password`, which roles made by `createRole` share: a secret source for environment files. */
  readonly passwordFile: string;
  readonly logFile: string;
  readonly dataFolder: string;
  /** The folder with the server's programs. */
  readonly binFolder: string;
  /** Runs SQL as the superuser, stops at the first error; unaligned rows without header, without the last newline. */
  psql(database: string, sql: string): Promise<string>;
  createDatabase(name: string): Promise<void>;
  /** A login role with the cluster's password; `options` as in CREATE ROLE. */
  createRole(name: string, options?: string): Promise<void>;
  connectionOf(database: string, user?: string): Extract<Connection, { kind: "parts" }>;
  /** Shuts the server down; the data and the port stay for `startAgain`. */
  halt(): Promise<void>;
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one; throws with the server's log when it does not come up. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const folder = await mkdtemp(join(options.inMemory === true ? memoryFolder() : tmpdir(), "dbops-pg-"));
  const owner = await unprivilegedUser();
  const primary = options.standbyOf;
  const template = options.copyOf ?? (primary === undefined ? await takeTemplate() : null);
  const password = primary?.password ?? template?.password ?? randomBytes(12).toString("hex");
  const layout = layoutOf(folder, password);
  try {
    await chmod(folder, 0o755);
    await mkdir(layout.sockets);
    await writeFile(layout.passwordFile, layout.password, { mode: 0o600 });
    if (owner !== null) {
      for (const path of [folder, layout.sockets, layout.passwordFile])
        await chown(path, owner.uid, owner.gid);
    }
    await createData({ ...layout, owner }, template, primary);
    const { port, server } = await startOnFreePort(layout, owner, options);
    return clusterOf(layout, port, { server, start: () => startServer(layout, owner) });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The newest folder with PostgreSQL's server programs; throws with the command that installs them. */
export function serverBinFolder(): string {
  const root = "/usr/lib/postgresql";
  const majors = existsSync(root) ? readdirSync(root).filter((name) => /^\d+$/.test(name)) : [];
  const candidates = [
    ...majors.sort((a, b) => Number(b) - Number(a)).map((major) => join(root, major, "bin")),
    ...(process.env["PATH"] ?? "").split(delimiter),
  ];
  const found = candidates.find((one) => existsSync(join(one, "initdb")));
  if (found === undefined) throw new Error("no initdb found\napt-get install postgresql-15");
  return found;
}

interface Layout {
  readonly folder: string;
  readonly data: string;
  readonly sockets: string;
  readonly logFile: string;
  readonly passwordFile: string;
  readonly password: string;
  readonly bin: string;
}

function layoutOf(folder: string, password: string): Layout {
  return {
    folder,
    data: join(folder, "data"),
    sockets: join(folder, "s"),
    logFile: join(folder, "server.log"),
    passwordFile: join(folder, "password"),
    password,
    bin: serverBinFolder(),
  };
}

async function createData(
  place: DataPlace,
  template: ClusterTemplate | null,
  primary: Cluster | undefined,
): Promise<void> {
  if (primary !== undefined) await copyPrimary(place, primary);
  else if (template !== null) await copyTemplate(template, place);
  else await makeData(place);
}

async function configure(
  layout: Layout,
  port: number,
  owner: User | null,
  options: ClusterOptions,
): Promise<void> {
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: layout.sockets,
    fsync: "off",
    full_page_writes: "off",
    synchronous_commit: "off",
    max_wal_size: "4GB",
    timezone: "UTC",
    lc_messages: "C",
    ...options.settings,
    port: String(port),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  await appendFile(join(layout.data, "postgresql.conf"), `\n${lines.join("\n")}\n`);
  for (const [name, content] of Object.entries(options.files ?? {})) {
    const path = join(layout.data, name);
    await writeFile(path, content, { mode: 0o600 });
    if (owner !== null) await chown(path, owner.uid, owner.gid);
  }
}

/** Tries again where another program took the port before the server did. */
async function startOnFreePort(
  layout: Layout,
  owner: User | null,
  options: ClusterOptions,
): Promise<{ readonly port: number; readonly server: ChildProcess }> {
  const wanted = options.settings?.["port"];
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted === undefined ? await freePort() : Number(wanted);
    await configure(layout, port, owner, options);
    try {
      return { port, server: await startServer(layout, owner) };
    } catch (error) {
      if (attempt === 5 || wanted !== undefined || !/could not bind/.test(String(error))) throw error;
    }
  }
}

async function startServer(layout: Layout, owner: User | null): Promise<ChildProcess> {
  const [program, args] = commandAs(owner, [join(layout.bin, "postgres"), "-D", layout.data]);
  const log = await open(layout.logFile, "a");
  const server = spawn(program, args, {
    cwd: layout.folder,
    stdio: ["ignore", log.fd, log.fd],
    env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8", TZ: "UTC" },
  });
  await log.close();
  const exited = once(server, "exit").then(() => "exited" as const);
  for (let waited = 0; waited < 60_000; waited += 20) {
    const outcome = await Promise.race([exited, pause(20, "waiting" as const)]);
    if (outcome === "exited") break;
    const pid = await readFile(join(layout.data, "postmaster.pid"), "utf8").catch(() => "");
    if (pid.trimEnd().split("\n").at(-1)?.trim() === "ready") return server;
  }
  server.kill("SIGQUIT");
  throw new Error(`PostgreSQL did not start:\n${await readFile(layout.logFile, "utf8")}`);
}

interface Running {
  server: ChildProcess;
  start(): Promise<ChildProcess>;
}

function clusterOf(layout: Layout, port: number, running: Running): Cluster {
  const env = { ...process.env, PGHOST: layout.sockets, PGPORT: String(port), PGUSER: SUPERUSER };
  const psql = (database: string, sql: string): Promise<string> =>
    run(
      [join(layout.bin, "psql"), ["-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-"]],
      { ...env, PGPASSWORD: layout.password, PGDATABASE: database, PGCLIENTENCODING: "UTF8" },
      sql,
    );
  return {
    host: "127.0.0.1",
    port,
    socketFolder: layout.sockets,
    superuser: SUPERUSER,
    password: layout.password,
    passwordFile: layout.passwordFile,
    logFile: layout.logFile,
    dataFolder: layout.data,
    binFolder: layout.bin,
    psql,
    createDatabase: async (name) => void (await psql("postgres", `CREATE DATABASE ${quoted(name)};`)),
    createRole: async (name, options = "") =>
      void (await psql(
        "postgres",
        `CREATE ROLE ${quoted(name)} LOGIN PASSWORD '${layout.password}' ${options};`,
      )),
    connectionOf: (database, user = SUPERUSER) => ({
      kind: "parts",
      host: "127.0.0.1",
      port,
      database,
      user,
      password: { file: layout.passwordFile },
      sslmode: "disable",
      sslrootcert: null,
    }),
    halt: () => stopServer(running.server),
    startAgain: async () => {
      running.server = await running.start();
    },
    stop: async () => {
      await stopServer(running.server);
      await rm(layout.folder, { recursive: true, force: true });
    },
  };
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, "exit");
  server.kill("SIGINT"); // fast shutdown: rolls back what runs
  const late = setTimeout(() => server.kill("SIGQUIT"), 10_000);
  await exited;
  clearTimeout(late);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no free port on 127.0.0.1");
  return address.port;
}
