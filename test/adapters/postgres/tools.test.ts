import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chooseTool, findTool } from "../../../src/adapters/postgres/tools.ts";
import { serverBinFolder } from "../../support/postgres-cluster.ts";
import { signal } from "./declared.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbops-tools-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function tool(major: number, path = `/${major}`) {
  return { path, major, version: `pg_dump (PostgreSQL) ${major}.1` };
}

test("the server's own major is chosen, wherever it stands", () => {
  expect(chooseTool([tool(17), tool(15), tool(16)], 15)?.major).toBe(15);
});

test("the lowest newer one is chosen when the server's own is not there", () => {
  expect(chooseTool([tool(18), tool(14), tool(17)], 16)?.major).toBe(17);
});

test("an older one is never chosen", () => {
  expect(chooseTool([tool(14), tool(13)], 15)).toBeNull();
});

test("among equals the first found is chosen", () => {
  expect(chooseTool([tool(15, "/a"), tool(15, "/b")], 15)?.path).toBe("/a");
});

test("the installed one is found without PATH, and says its version", async () => {
  const installed = execFileSync(join(serverBinFolder(), "pg_dump"), ["--version"], { encoding: "utf8" });
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(installed)?.[1]);
  const found = await findTool("pg_dump", major, {}, signal());
  expect([found.version, found.major]).toEqual([installed.trim().replace(/ \(Debian.*/, ""), major]);
});

test("a program is asked for its version once", async () => {
  const path = join(folder, "pg_dump");
  await writeFile(path, `#!/bin/sh\necho asked >> ${folder}/log\necho 'pg_dump (PostgreSQL) 18beta1'\n`);
  await chmod(path, 0o755);
  const env = { DBOPS_PG_BINDIR: folder };
  await Promise.all([1, 2, 3].map(() => findTool("pg_dump", 18, env, signal())));
  expect((await findTool("pg_dump", 15, env, signal())).major).toBe(18);
  expect(await readFile(join(folder, "log"), "utf8")).toBe("asked\n");
});
