import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findPsql, knowsRestrict } from "../../../../src/adapters/postgres/load-plain/find-psql.ts";
import { signal } from "../declared.ts";

it("takes a psql that knows \\restrict", () => {
  const known = (number: string) =>
    knowsRestrict({ version: `psql (PostgreSQL) ${number}`, major: Number.parseInt(number, 10) });
  expect(
    ["13.22", "14.19", "15.14", "15.18", "16.10", "17.6", "18.0", "18beta1", "19devel"].filter(known),
  ).toHaveLength(9);
  expect(["12.22", "13.21", "14.18", "15.13", "16.9", "17.5", "17beta2"].filter(known)).toEqual([]);
});

it("refuses one that a plain dump could make run programs", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dbops-psql-"));
  await writeFile(join(folder, "psql"), "#!/bin/sh\necho 'psql (PostgreSQL) 15.10'\n");
  await chmod(join(folder, "psql"), 0o755);
  await expect(findPsql(15, { DBOPS_PG_BINDIR: folder }, signal())).rejects.toMatchObject({
    problems: [{ code: "TOOL_TOO_OLD", fix: "apt-get install --only-upgrade postgresql-client-15" }],
  });
  await rm(folder, { recursive: true });
});
