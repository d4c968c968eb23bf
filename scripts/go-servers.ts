import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { findProgram, runChild } from "./child.ts";
import { findGo, type Go } from "./go-toolchain.ts";

/** An S3 server that the tests run against, built from its pinned source. */
export interface Server {
  readonly name: string;
  readonly module: string;
  /** Below the module; empty for the module itself. */
  readonly folder: string;
  readonly version: string;
}

const MINIO: Server = {
  name: "minio",
  module: "github.com/minio/minio",
  folder: "",
  version: "v0.0.0-20260212201848-7aac2a2c5b7c",
};

const VERSITYGW: Server = {
  name: "versitygw",
  module: "github.com/versity/versitygw",
  folder: "/cmd/versitygw",
  version: "v1.8.0",
};

/** Where built servers are kept between checkouts. */
export function serverFolder(env: NodeJS.ProcessEnv): string {
  return join(env["DBOPS_TEST_CACHE"] ?? join(homedir(), ".cache", "dbops-test"), "bin");
}

/** The servers that have to be built; an endpoint in DBOPS_TEST_S3 takes the place of MinIO. */
export function serversFor(env: NodeJS.ProcessEnv): readonly Server[] {
  const wanted = env["DBOPS_TEST_S3"] === undefined ? [MINIO, VERSITYGW] : [VERSITYGW];
  return wanted.filter((server) => !isCurrent(join(serverFolder(env), server.name), server));
}

/** True when the program there was built from the pinned version: Go writes it into each program that it installs. */
export function isCurrent(path: string, server: Pick<Server, "module" | "version">): boolean {
  return existsSync(path) && readFileSync(path).includes(`mod\t${server.module}\t${server.version}\t`);
}

/** Builds each into the folder of servers; false when one could not be built, and it was said why. */
export async function buildServers(
  servers: readonly Server[],
  say: (line: string) => void,
): Promise<boolean> {
  if (servers.length === 0) return true;
  const found = findProgram("go");
  if (found === null) {
    say("there is no `go` in PATH to build the S3 servers of the tests with");
    return false;
  }
  const go = await findGo(found, say);
  if (go === null) return false;
  for (const server of servers) {
    if (!(await build(server, go, say))) return false;
  }
  return true;
}

async function build(server: Server, go: Go, say: (line: string) => void): Promise<boolean> {
  const folder = serverFolder(process.env);
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, "building-"));
  const source = `${server.module}${server.folder}@${server.version}`;
  const startedAt = performance.now();
  say(`go install ${source}  (once, some minutes, into ${folder})`);
  const env = { ...go.env, GOBIN: scratch, CGO_ENABLED: "0" };
  const ended = await runChild([go.program, "install", "-trimpath", "-ldflags=-s -w", source], { env });
  if (ended.code === 0) {
    renameSync(join(scratch, server.name), join(folder, server.name));
    say(`${server.name} is built (${Math.round((performance.now() - startedAt) / 1000)} s)`);
  } else {
    say(`go install ended with ${ended.code}:`);
    for (const line of ended.output.trimEnd().split("\n").slice(-20)) say(`  ${line}`);
  }
  rmSync(scratch, { recursive: true, force: true });
  return ended.code === 0;
}
