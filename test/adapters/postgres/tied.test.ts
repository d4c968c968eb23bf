import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inLargeWrites } from "../../../src/adapters/postgres/tied.ts";
import type { Tool } from "../../../src/adapters/postgres/tools.ts";

let bin: string;

beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), "dbops-bin-"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(bin, { recursive: true, force: true });
});

/** A program in the folder, first on PATH; the lines get its arguments. */
async function script(name: string, lines: string): Promise<string> {
  const path = join(bin, name);
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
  return path;
}

async function someDump(): Promise<Tool> {
  const path = await script("pg_dump", "echo 'pg_dump (PostgreSQL) 15.18 (Debian 15.18-1)'");
  return { path, version: "pg_dump (PostgreSQL) 15.18", major: 15 };
}

describe("a program that should write large pieces", () => {
  it("is started through stdbuf", async () => {
    const tool = await someDump();
    vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
    const [stdbuf, ...args] = await inLargeWrites(tool, ["-Fc"]);
    expect(stdbuf).toMatch(/\/stdbuf$/);
    expect(args).toEqual(["--output=64K", tool.path, "-Fc"]);
  });

  it("is started as it is where there is no stdbuf", async () => {
    const tool = await someDump();
    vi.stubEnv("PATH", bin);
    expect(await inLargeWrites(tool, ["-Fc"])).toEqual([tool.path, "-Fc"]);
  });

  it.each([
    ["cannot find its library", "echo 'stdbuf: failed to find libstdbuf.so' >&2; exit 125"],
    ["makes the loader complain", 'shift; echo "ERROR: cannot be preloaded: ignored." >&2; exec "$@"'],
  ])("is started as it is where stdbuf %s", async (_what, lines) => {
    const tool = await someDump();
    await script("stdbuf", lines);
    vi.stubEnv("PATH", `${bin}:/usr/bin:/bin`);
    expect(await inLargeWrites(tool, ["-Fc"])).toEqual([tool.path, "-Fc"]);
  });
});
