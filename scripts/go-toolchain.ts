import { chmodSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "./child.ts";

/** A Go compiler that is new enough, and the environment to call it with. */
export interface Go {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Builds both servers; go.mod of the newer one asks for 1.25. */
const TOOLCHAIN = "go1.26.8";
/** From here on `go` fetches the toolchain that a go.mod asks for by itself. */
const FIRST_SWITCHING = 21;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** The `go` that was found, or a newer one brought as a Go module when it is too old to bring one itself; null: said why. */
export async function findGo(program: string, say: (line: string) => void): Promise<Go | null> {
  const env = { ...process.env, GOTOOLCHAIN: "auto" };
  const asked = await runChild([program, "version"], { env: { ...env, GOTOOLCHAIN: "local" } });
  const version = /\bgo(1\.\d+(\.\d+)?)/.exec(asked.stdout)?.[1];
  if (asked.code !== 0 || version === undefined) {
    say(`${program} version: ${asked.output.trim()}`);
    return null;
  }
  if (canSwitch(version)) return { program, env };
  return await bringToolchain(program, version, say);
}

/** True for a `go` that fetches a newer toolchain when a module needs one. */
export function canSwitch(version: string): boolean {
  return Number(version.split(".")[1]) >= FIRST_SWITCHING;
}

async function bringToolchain(
  program: string,
  version: string,
  say: (line: string) => void,
): Promise<Go | null> {
  const module = `golang.org/toolchain@v0.0.1-${TOOLCHAIN}.linux-${ARCHITECTURES[process.arch] ?? process.arch}`;
  say(`go mod download ${module}  (go ${version} is too old)`);
  const env = { ...process.env, GOFLAGS: "-mod=mod" };
  // outside of any module: an old go would read the go.mod of the folder it is called in
  const got = await runChild([program, "mod", "download", "-json", module], { env, cwd: "/" });
  const root = /"Dir": "([^"]+)"/.exec(got.stdout)?.[1];
  if (got.code !== 0 || root === undefined) {
    say(`go mod download ended with ${got.code}:`);
    for (const line of got.output.trimEnd().split("\n")) say(`  ${line}`);
    return null;
  }
  makeExecutable(root);
  return { program: join(root, "bin", "go"), env: { ...process.env, GOROOT: root, GOTOOLCHAIN: "local" } };
}

/** The module cache keeps no execute bits. */
function makeExecutable(root: string): void {
  for (const folder of ["bin", "pkg/tool"]) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) chmodSync(join(entry.parentPath, entry.name), 0o755);
    }
  }
}
