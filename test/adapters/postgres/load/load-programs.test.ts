import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NamedDatabase } from "../../../../src/ports/restore-target.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { dumpOf, emptyDatabase, load, problemOf, streamOf } from "./loading.ts";

let cluster: Cluster;
let folder: string;
let archive: Buffer;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dbops-load-programs-"));
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase("shop");
  await cluster.psql(
    "shop",
    "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)",
  );
  archive = await dumpOf(cluster, "shop");
});

afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function side(): Promise<NamedDatabase> {
  count++;
  return emptyDatabase(cluster, `side ${count}`);
}

describe("a pg_restore", () => {
  /** The real one between these lines; the environment that makes dbops find it. */
  function replaced(before: string, after: string): NodeJS.ProcessEnv {
    const bin = mkdtempSync(join(folder, "bin-"));
    const script = `#!/bin/bash
if [ "$1" = --version ]; then echo "pg_restore (PostgreSQL) 17.5"; exit 0; fi
real='${join(cluster.binFolder, "pg_restore")}'
if [ "$1" = -l ]; then exec $real "$@"; fi
${before}
$real "$@"; code=$?
${after}
exit $code
`;
    writeFileSync(join(bin, "pg_restore"), script);
    chmodSync(join(bin, "pg_restore"), 0o755);
    return { ...process.env, DBOPS_PG_BINDIR: bin };
  }

  const SET = `cat >&2 <<'END'
pg_restore: while INITIALIZING:
pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"
Command was: SET transaction_timeout = 0;
END`;

  test("that is newer than the server may set what the server does not know", async () => {
    const env = replaced(SET, "echo 'pg_restore: warning: errors ignored on restore: 1' >&2; code=1");
    const report = await load(cluster, { archive, into: await side(), env });
    expect([report.failures, report.program]).toEqual([[], "pg_restore (PostgreSQL) 17.5"]);
  });

  test("that exits 0 after an error is not believed", async () => {
    const line = "echo 'pg_restore: error: could not execute query: ERROR:  no' >&2";
    const problem = await problemOf(load(cluster, { archive, into: await side(), env: replaced(line, "") }));
    expect(problem.code).toBe("LOAD_FAILED");
  });

  test("that exits 1 without a word is not believed", async () => {
    const problem = await problemOf(
      load(cluster, { archive, into: await side(), env: replaced("", "code=1") }),
    );
    expect(problem.detail).toMatch(/: exit code 1$/);
  });

  test("gets neither password nor name as an argument, and nothing that was inherited", async () => {
    const out = join(folder, "seen");
    const env = {
      ...replaced(`{ printf '%s\\n' "$@"; env; } >> '${out}'`, ""),
      PGSERVICE: "none",
      AWS_SECRET_ACCESS_KEY: "hush",
    };
    const into = await side();
    await load(cluster, { archive, into, env });
    const seen = readFileSync(out, "utf8");
    expect(seen).not.toMatch(/PGSERVICE|hush/);
    expect(seen).toContain(`PGDATABASE=${into.name}\n`);
    const argv = seen.split("\n").filter((line) => !line.includes("="));
    for (const hidden of [cluster.password, into.name, "127.0.0.1"])
      expect(argv.join("\n")).not.toContain(hidden);
  });

  test("that is missing is TOOL_MISSING, and the archive is let go", async () => {
    const body = streamOf(archive);
    const env = { ...process.env, DBOPS_PG_BINDIR: join(folder, "nothing-here") };
    const problem = await problemOf(load(cluster, { archive: body, into: await side(), env }));
    expect([problem.code, body.destroyed]).toEqual(["TOOL_MISSING", true]);
  });
});
