import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findRestoreTool, majorOf } from "../../../../src/adapters/postgres/load/restore-tool.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { signal } from "../declared.ts";
import { problemOf } from "./loading.ts";

/** Folders with a pg_restore of these majors, found on PATH as in a place where packages put none. */
async function chosen(majors: readonly number[], made: number, server: number): Promise<number> {
  const root = await tempFolder();
  for (const major of majors) {
    const bin = join(root, String(major));
    await mkdir(bin);
    await writeFile(join(bin, "pg_restore"), `#!/bin/sh\necho "pg_restore (PostgreSQL) ${major}.2"\n`);
    await chmod(join(bin, "pg_restore"), 0o755);
  }
  const env = { PATH: majors.map((major) => join(root, String(major))).join(":") };
  const wanted = { madeBy: `pg_dump (PostgreSQL) ${made}.7`, serverMajor: server };
  return (await findRestoreTool(wanted, env, signal())).major;
}

describe("the pg_restore of a load", () => {
  // far from the majors that may be installed here
  test.each([
    ["the target server's own", [52, 51, 50], 50, 51, 51],
    ["the lowest that reads the archive, when the server's own does not", [53, 52, 50], 51, 50, 52],
    ["the lowest that reads the archive, when the server's own is not there", [53, 51], 50, 52, 51],
  ])("is %s", async (_what, majors, made, server, expected) => {
    expect(await chosen(majors, made, server)).toBe(expected);
  });

  test("is not there when none reads the archive: TOOL_TOO_OLD", async () => {
    expect((await problemOf(chosen([50], 51, 50))).code).toBe("TOOL_TOO_OLD");
  });
});

test("the major version is read out of a version line", async () => {
  const lines = ["pg_dump (PostgreSQL) 15.18", "pg_dump (PostgreSQL) 19beta1"];
  expect(lines.map(majorOf)).toEqual([15, 19]);
  expect((await problemOf(Promise.resolve("x").then(majorOf))).code).toBe("MANIFEST_INVALID");
});
