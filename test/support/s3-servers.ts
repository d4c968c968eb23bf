import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { S3 } from "@aws-sdk/client-s3";
import { balance } from "./balancer.ts";

/** A running S3 server that belongs to the tests. */
export interface S3Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of the server's process; null for a server that was there before. */
  readonly pid: number | null;
  /** A plain client with full rights, to arrange and to look. */
  readonly admin: S3;
  /** Makes an empty bucket and gives its name. */
  newBucket(options?: { readonly objectLock?: boolean }): Promise<string>;
  /** Ends the server at once, as a power cut would. */
  kill(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/** MinIO, or the server at DBOPS_TEST_S3 when that is set. */
export async function startMinio(): Promise<S3Server> {
  const external = process.env["DBOPS_TEST_S3"];
  if (external !== undefined && external !== "") return useServer(external);
  return onFreePort(startOwnMinio);
}

async function startOwnMinio(): Promise<S3Server> {
  const program = findProgram("minio");
  const folder = await mkdtemp(join(tmpdir(), "dbops-minio-"));
  const [port, consolePort] = [await freePort(), await freePort()];
  const args = [
    "server",
    "--quiet",
    "--address",
    `127.0.0.1:${port}`,
    "--console-address",
    `127.0.0.1:${consolePort}`,
  ];
  return startServer({
    folder,
    port,
    command: [program, ...args, "--certs-dir", join(folder, "certs"), join(folder, "data")],
    env: { MINIO_ROOT_USER: USER, MINIO_ROOT_PASSWORD: PASSWORD, MINIO_BROWSER: "off", HOME: folder },
  });
}

/** versitygw over a folder: another server, that differs from MinIO where S3 servers do differ. */
export function startVersitygw(): Promise<S3Server> {
  return onFreePort(startOwnVersitygw);
}

async function startOwnVersitygw(): Promise<S3Server> {
  const program = findProgram("versitygw");
  const folder = await mkdtemp(join(tmpdir(), "dbops-versitygw-"));
  const port = await freePort();
  await mkdir(join(folder, "data"));
  return startServer({
    folder,
    port,
    command: [program, "--quiet", "--port", `127.0.0.1:${port}`, "posix", join(folder, "data")],
    env: { ROOT_ACCESS_KEY: USER, ROOT_SECRET_KEY: PASSWORD, HOME: folder },
  });
}

/**
 * Two gateways over one folder that do not know of each other, behind a balancer: a real store that honours every
 * condition and yet lets two racing writers win.
 */
export async function startUnsafeGateways(): Promise<S3Server> {
  const program = findProgram("versitygw");
  const folder = await mkdtemp(join(tmpdir(), "dbops-gateways-"));
  const data = join(folder, "data");
  await mkdir(data);
  const env = { ROOT_ACCESS_KEY: USER, ROOT_SECRET_KEY: PASSWORD, HOME: folder };
  const begin = async (): Promise<[number, S3Server]> => {
    const port = await freePort();
    const args = ["--quiet", "--port", `127.0.0.1:${port}`, "posix", "--disable-object-lock-file", data];
    return [port, await startServer({ folder, port, command: [program, ...args], env })];
  };
  const gateways = [await begin(), await begin()];
  const balancer = await balance(gateways.map(([port]) => port));
  const credentials = { accessKeyId: USER, secretAccessKey: PASSWORD };
  const server = serverAt(`http://127.0.0.1:${balancer.port}`, credentials, null);
  const stop = async () => {
    server.admin.destroy();
    await balancer.close();
    for (const [, gateway] of gateways) await gateway.stop();
  };
  return { ...server, kill: stop, stop };
}

/** Tries again where another program took the port before the server did. */
async function onFreePort(start: () => Promise<S3Server>): Promise<S3Server> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 5 || !/already in use/i.test(String(error))) throw error;
    }
  }
}

/** A port of this host that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const USER = "dbops-test";
const PASSWORD = "dbops-test-password";
const READY_TRIES = 2000;

interface ServerStart {
  readonly folder: string;
  readonly port: number;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

function findProgram(name: string): string {
  const caches = [process.env["DBOPS_TEST_CACHE"], join(homedir(), ".cache", "dbops-test")];
  const found = caches.flatMap((cache) => (cache ? [join(cache, "bin", name)] : [])).find(existsSync);
  if (found === undefined)
    throw new Error(`${name} is not installed for the tests: run \`npm test\` once, which builds it`);
  return found;
}

async function startServer(start: ServerStart): Promise<S3Server> {
  // setpriv becomes the server (same pid), which then dies with the test process, however that ends
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...start.command], {
    env: { PATH: process.env["PATH"], ...start.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => output.push(String(text)));
  const endpoint = `http://127.0.0.1:${start.port}`;
  const server = serverAt(endpoint, { accessKeyId: USER, secretAccessKey: PASSWORD }, child.pid ?? null);
  const kill = () => killChild(child);
  const stop = async () => {
    server.admin.destroy();
    await kill();
    await rm(start.folder, { recursive: true, force: true });
  };
  try {
    await waitUntilReady(server.admin, child);
  } catch (cause) {
    await stop();
    throw new Error(`${start.command[0]} does not start: ${output.join("")}`, { cause });
  }
  return { ...server, kill, stop };
}

async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function waitUntilReady(admin: S3, child: ChildProcess): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await admin.listBuckets();
      return;
    } catch (error) {
      if (attempt === READY_TRIES || child.exitCode !== null) throw error;
      await sleep(100);
    }
  }
}

function serverAt(
  endpoint: string,
  credentials: { accessKeyId: string; secretAccessKey: string },
  pid: number | null,
): Omit<S3Server, "kill" | "stop"> & { readonly buckets: string[] } {
  const region = process.env["AWS_REGION"] ?? "us-east-1";
  const admin = new S3({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  const buckets: string[] = [];
  const newBucket = async (options: { readonly objectLock?: boolean } = {}) => {
    const bucket = `dbops-test-${process.pid}-${buckets.length}-${Math.floor(Math.random() * 1e9)}`;
    buckets.push(bucket);
    await admin.createBucket({ Bucket: bucket, ObjectLockEnabledForBucket: options.objectLock ?? false });
    return bucket;
  };
  return { endpoint, ...credentials, pid, admin, newBucket, buckets };
}

/** A server of the caller: it is not stopped, and the buckets that the tests made are emptied and removed. */
function useServer(endpoint: string): S3Server {
  const accessKeyId = process.env["AWS_ACCESS_KEY_ID"] ?? "";
  const secretAccessKey = process.env["AWS_SECRET_ACCESS_KEY"] ?? "";
  const server = serverAt(endpoint, { accessKeyId, secretAccessKey }, null);
  const stop = async () => {
    for (const bucket of server.buckets) await removeBucket(server.admin, bucket);
    server.admin.destroy();
  };
  return { ...server, stop, kill: () => Promise.reject(new Error("this server is not ours to kill")) };
}

async function removeBucket(admin: S3, bucket: string): Promise<void> {
  for (;;) {
    const page = await admin.listObjectsV2({ Bucket: bucket });
    for (const { Key } of page.Contents ?? []) await admin.deleteObject({ Bucket: bucket, Key: Key ?? "" });
    if (page.IsTruncated !== true) break;
  }
  await admin.deleteBucket({ Bucket: bucket });
}
