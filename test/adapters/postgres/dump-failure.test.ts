import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { ProgramOutput, Snapshot } from "../../../src/ports/postgres.ts";
import { DbopsError } from "../../../src/problems/dbops-error.ts";
import { type Cluster, startCluster } from "../../support/postgres-cluster.ts";
import { failureOf, open, reachable, signal, whole } from "./declared.ts";
import { children, childWith } from "./processes.ts";

const NAME = `sh op="1" password='é'`;
let cluster: Cluster;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbops-fake-"));
  cluster = await startCluster({ inMemory: true });
  await cluster.createDatabase(NAME);
  // more than all buffers between the server and a reader that does not read
  await cluster.psql(
    NAME,
    "CREATE TABLE big AS SELECT i, repeat(md5(i::text), 30) FROM generate_series(1, 60000) i",
  );
});

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function withSnapshot<T>(
  use: (snapshot: Snapshot) => Promise<T>,
  more: { env?: NodeJS.ProcessEnv; user?: string } = {},
): Promise<T> {
  const connection = cluster.connectionOf(NAME, more.user);
  const snapshot = await open(connection, more.env).openSnapshot(signal());
  try {
    return await use(snapshot);
  } finally {
    await snapshot.close();
  }
}

/** A folder whose pg_dump answers --version and then runs these lines; the environment that makes dbops find it. */
async function fake(lines: string, version = "15.18"): Promise<NodeJS.ProcessEnv> {
  const bin = await mkdtemp(join(folder, "bin-"));
  for (const tool of ["pg_dump", "pg_dumpall"]) {
    const head = `#!/bin/sh\nif [ "$1" = --version ]; then echo "${tool} (PostgreSQL) ${version}"; exit 0; fi\n`;
    await writeFile(join(bin, tool), `${head}${lines}\n`);
    await chmod(join(bin, tool), 0o755);
  }
  return { ...process.env, DBOPS_PG_BINDIR: bin };
}

async function failureOfFake(lines: string) {
  const env = await fake(lines);
  return withSnapshot(async (snapshot) => failureOf(await snapshot.dump(signal())), { env });
}

/** A real dump that has begun and now waits, because nobody reads it. */
async function stalled(snapshot: Snapshot): Promise<ProgramOutput> {
  const output = await snapshot.dump(signal());
  await once(output.body, "readable");
  return output;
}

describe("a real dump whose body never ends well", () => {
  test("when pg_dump is killed half-way", async () => {
    const problem = await withSnapshot(async (snapshot) => {
      const output = await stalled(snapshot);
      process.kill(childWith("--snapshot=").pid, "SIGKILL");
      return failureOf(output);
    });
    expect([problem.code, problem.detail]).toEqual(["DUMP_FAILED", "pg_dump: killed by SIGKILL"]);
    expect(problem.fix).toContain("apply again");
  });

  test("when the server ends its session half-way", async () => {
    const problem = await withSnapshot(async (snapshot) => {
      const output = await stalled(snapshot);
      const end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY public.big%'";
      expect(await cluster.psql("postgres", end)).toBe("t");
      return failureOf(output);
    });
    expect(problem.code).toBe("DUMP_FAILED");
    expect(problem.detail).toMatch(
      /^pg_dump: exit code 1: error: Dumping the contents of table "big" failed/,
    );
    expect(problem.detail).not.toContain("COPY public.big"); // no statements
  });

  test("when a table may not be read, and the detail names it", async () => {
    await cluster.createRole("blind");
    const problem = await withSnapshot(async (snapshot) => failureOf(await snapshot.dump(signal())), {
      user: "blind",
    });
    expect(problem.code).toBe("DUMP_FAILED");
    expect(problem.detail).toContain("permission denied for table big");
  });

  test("when the snapshot is gone before pg_dump has taken it", async () => {
    const snapshot = await open(cluster.connectionOf(NAME)).openSnapshot(signal());
    await snapshot.close();
    const problem = await failureOf(await snapshot.dump(signal()));
    expect(problem.detail).toMatch(/snapshot/);
  });

  test("when it is aborted: it ends with the signal's reason and leaves no process", async () => {
    const abort = new AbortController();
    await withSnapshot(async (snapshot) => {
      const output = await snapshot.dump(abort.signal);
      await once(output.body, "readable");
      const ended = once(output.body, "error");
      abort.abort(new Error("stop it"));
      expect(String(await ended)).toContain("stop it");
      await expect(output.settled).rejects.toThrow("stop it");
      expect(children().filter((one) => one.argv.includes("--format=custom"))).toEqual([]);
    });
  });

  test("when its reader gives up while it waits for a lock: the program is stopped", async () => {
    await withSnapshot(async (snapshot) => {
      const release = await lockBig();
      try {
        const output = await snapshot.dump(signal());
        output.body.resume();
        const waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        while ((await cluster.psql(NAME, waits)) === "0");
        output.body.destroy();
        await expect(output.settled).rejects.toBeInstanceOf(DbopsError);
      } finally {
        await release();
      }
    });
  });
});

/** Another session locks the table until `release`. */
async function lockBig(): Promise<() => Promise<unknown>> {
  const sleep = "pg_sleep(600)";
  cluster.psql(NAME, `BEGIN; LOCK TABLE big; SELECT ${sleep}; COMMIT`).catch(() => {}); // it ends by force
  const sessions = `FROM pg_stat_activity WHERE query LIKE '%${sleep}%' AND pid <> pg_backend_pid()`;
  while ((await cluster.psql(NAME, `SELECT count(*) ${sessions}`)) === "0");
  return () => cluster.psql(NAME, `SELECT pg_terminate_backend(pid, 10000) ${sessions}`);
}

describe("a program that lies never gives a body that ends well", () => {
  test("when it exits 0 with errors on stderr", async () => {
    const problem = await failureOfFake(
      `printf PGDMP; echo 'pg_dump: error: query failed: ERROR:  out of memory' >&2
       echo 'pg_dump: detail: Query was: SELECT secret FROM people' >&2; exit 0`,
    );
    expect([problem.code, problem.detail]).toEqual([
      "DUMP_FAILED",
      "pg_dump: exit code 0, but it reported: error: query failed: ERROR:  out of memory",
    ]);
  });

  test("when it exits 0 and says something that nobody knows", async () => {
    const problem = await failureOfFake("printf PGDMP; echo 'Segmentation fault, or so' >&2; exit 0");
    expect(problem.detail).toBe("pg_dump: exit code 0, but it reported: Segmentation fault, or so");
  });

  test("when it closes stdout, works on, and exits 1", async () => {
    const problem = await failureOfFake("printf PGDMP; exec >&-; sleep 0.2; exit 1");
    expect(problem.detail).toBe("pg_dump: exit code 1");
  });

  test("when it exits 0 and a child of it complains later", async () => {
    const problem = await failureOfFake(
      "printf PGDMP; (sleep 0.2; echo 'pg_dump: error: late' >&2) & exec >&-; exit 0",
    );
    expect(problem.detail).toContain("error: late");
  });

  test("when it fails at start", async () => {
    const problem = await failureOfFake("echo 'pg_dump: error: no idea' >&2; exit 1");
    expect(problem.detail).toBe("pg_dump: exit code 1: error: no idea");
  });

  test("when it ends by a signal after all its output", async () => {
    const problem = await failureOfFake("printf PGDMP; kill -SEGV $$");
    expect(problem.detail).toBe("pg_dump: killed by SIGSEGV");
  });

  test("when it floods stderr before the error comes", async () => {
    const problem = await failureOfFake(
      "i=0; while [ $i -lt 20000 ]; do echo 'pg_dump: warning: again' >&2; i=$((i+1)); done; echo 'pg_dump: error: at last' >&2",
    );
    expect(problem.detail).toBe("pg_dump: exit code 0, but it reported: error: at last");
  });

  test("and the globals are held to the same", async () => {
    const env = await fake("echo CREATE ROLE; echo 'pg_dumpall: error: broke' >&2; exit 0");
    const problem = await withSnapshot(async (one) => failureOf(await one.globals(signal())), { env });
    expect(problem.detail).toBe("pg_dumpall: exit code 0, but it reported: error: broke");
  });
});

describe("a program that is not there", () => {
  test("or is too old is found by the inspection, with the package to install", async () => {
    const env = await fake("exit 0", "14.1");
    const { problems } = await reachable(open(cluster.connectionOf(NAME), env));
    expect(problems.map((one) => [one.code, one.fix])).toEqual([
      ["TOOL_TOO_OLD", "apt-get install postgresql-client-15"],
      ["TOOL_TOO_OLD", "apt-get install postgresql-client-15"],
    ]);
    expect(problems[0]?.detail).toContain("pg_dump (PostgreSQL) 14.1");
  });

  test("is missing for the inspection and for the dump alike", async () => {
    const env = { ...process.env, DBOPS_PG_BINDIR: join(folder, "nothing-here") };
    const { problems } = await reachable(open(cluster.connectionOf(NAME), env));
    expect(problems.map((one) => one.code)).toEqual(["TOOL_MISSING", "TOOL_MISSING"]);
    const dump = withSnapshot((snapshot) => snapshot.dump(signal()), { env });
    await expect(dump).rejects.toThrow(/nothing-here/);
  });

  test("or does not start at all counts as missing", async () => {
    const env = await fake("exit 0");
    const bin = env["DBOPS_PG_BINDIR"] ?? "";
    for (const tool of ["pg_dump", "pg_dumpall"]) await writeFile(join(bin, tool), "#!/nonexistent/shell\n");
    const { problems } = await reachable(open(cluster.connectionOf(NAME), env));
    expect(problems.map((one) => one.code)).toEqual(["TOOL_MISSING", "TOOL_MISSING"]);
  });
});

describe("arguments and environment", () => {
  afterEach(() => void vi.unstubAllEnvs());

  test("of a running pg_dump show neither password nor names in its arguments", async () => {
    await withSnapshot(async (snapshot) => {
      const output = await stalled(snapshot);
      const argv = childWith("--snapshot=").argv.join("\0");
      for (const hidden of [cluster.password, NAME, "postgres:"]) expect(argv).not.toContain(hidden);
      expect((await whole(output)).bytes.length).toBeGreaterThan(50_000_000);
    });
  });

  test("of every program are the same, and hold nothing that was inherited", async () => {
    const env = {
      ...(await fake(`printf '%s\\n' "$@"; echo --; env`)),
      PGSERVICE: "none",
      PGOPTIONS: "-c no",
      AWS_SECRET_ACCESS_KEY: "hush",
    };
    const outputs = await withSnapshot(
      async (one) => [await whole(await one.dump(signal())), await whole(await one.globals(signal()))],
      { env },
    );
    for (const { bytes } of outputs) {
      const [argv = "", environment = ""] = bytes.toString().split("--\n");
      for (const hidden of [cluster.password, NAME, "127.0.0.1"]) expect(argv).not.toContain(hidden);
      expect(environment).toContain(`PGDATABASE=${NAME}\n`);
      expect(environment).toContain("LC_ALL=C\n");
      expect(environment).toContain("PGAPPNAME=dbops\n");
      expect(environment).not.toMatch(/PGSERVICE|PGOPTIONS|hush/);
    }
  });

  test("that node-pg would read by itself lead it nowhere else", async () => {
    for (const name of ["PGOPTIONS", "PGHOST", "PGUSER", "PGPASSWORD", "PGSSLMODE"])
      vi.stubEnv(name, "--nonsense");
    const seen = await reachable(open(cluster.connectionOf(NAME)));
    expect(seen.identity.database).toBe(NAME);
  });
});

test("a dump that only warns ends well and tells the warnings", async () => {
  const lines = "printf PGDMP; echo 'pg_dump: warning: careful' >&2; echo 'pg_dump: hint: be careful' >&2";
  const env = await fake(lines);
  const { bytes, warnings } = await withSnapshot(async (one) => whole(await one.dump(signal())), { env });
  expect([bytes.toString(), warnings]).toEqual(["PGDMP", ["pg_dump: warning: careful"]]);
});
