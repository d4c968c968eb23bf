import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Problem } from "../../src/problems/problem.ts";
import { programsOf } from "../support/child-processes.ts";
import type { Ran } from "../support/dbops.ts";
import { declareApp } from "../support/declared-environment.ts";
import { type Cluster, startCluster } from "../support/postgres-cluster.ts";
import { type Replacements, stalledUntil, toolsWith } from "../support/replaced-tools.ts";
import { until } from "../support/store-files.ts";
import {
  backupFilesOf,
  failureOf,
  mustSucceed,
  planBackup,
  planProblems,
  recordsText,
} from "../support/taken-backup.ts";
import { makeWorkplace, type Workplace } from "../support/workplace.ts";

/** Stands where PostgreSQL shows rows, values and statements. */
const PERSONAL = "anna@example.com";
let cluster: Cluster;
let workplace: Workplace;
let plan: string;
let before: readonly string[];

beforeAll(async () => {
  [cluster, workplace] = await Promise.all([startCluster({ inMemory: true }), makeWorkplace()]);
  await cluster.createDatabase("app");
  // more than all buffers between the server and a reader that does not read
  await cluster.psql(
    "app",
    `CREATE TABLE big AS SELECT i, '${PERSONAL}' AS email, repeat(md5(i::text), 30) AS x FROM generate_series(1, 20000) i`,
  );
  await declareApp(workplace, cluster);
  mustSucceed(await workplace.dbops(["init", "stores", "production"]));
});

afterAll(async () => {
  await workplace?.remove();
  await cluster?.stop();
});

beforeEach(async () => {
  plan = await planBackup(workplace);
  before = await backupFilesOf(workplace);
});

/** A fault as the scripts of replaced programs, what the dump must have failed with, and with which words. */
interface Fault {
  readonly name: string;
  readonly replaced: Replacements;
  readonly code: Problem["code"];
  readonly says: RegExp;
}

const FAULTS: readonly Fault[] = [
  {
    name: "when it is older than the server",
    replaced: { pg_dump: "version 14.9" },
    code: "TOOL_TOO_OLD",
    says: /the server is PostgreSQL 15, and there is only .*pg_dump \(PostgreSQL\) 14\.9/,
  },
  {
    name: "when it fails at its start",
    replaced: { pg_dump: `echo "pg_dump: error: connection to server failed: FATAL:  no" >&2; exit 1` },
    code: "DUMP_FAILED",
    says: /pg_dump: exit code 1: error: connection to server failed: FATAL: {2}no/,
  },
  {
    name: "when it writes half and exits with 1",
    replaced: { pg_dump: `$real "$@" | head -c 300000; exit 1` },
    code: "DUMP_FAILED",
    says: /pg_dump: exit code 1/,
  },
  {
    name: "when it writes half and is killed",
    replaced: { pg_dump: `$real "$@" | head -c 300000; kill -9 $$` },
    code: "DUMP_FAILED",
    says: /pg_dump: killed by SIGKILL/,
  },
  {
    name: "when it writes all, exits with 0 and had errors to tell",
    replaced: {
      pg_dump: `$real "$@"; printf '%s\\n' 'pg_dump: error: query failed: ERROR:  invalid page in block 7' \
        'pg_dump: detail: Query was: COPY public.big' 'DETAIL:  Key (email)=(${PERSONAL}) exists.' >&2; exit 0`,
    },
    code: "DUMP_FAILED",
    says: /pg_dump: exit code 0, but it reported: error: query failed: ERROR: {2}invalid page in block 7/,
  },
  {
    name: "when it writes all, closes its output and only then exits with 1",
    replaced: { pg_dump: `$real "$@"; exec >&-; sleep 0.5; exit 1` },
    code: "DUMP_FAILED",
    says: /pg_dump: exit code 1/,
  },
  {
    name: "when pg_dumpall fails beside a pg_dump that is well",
    replaced: { pg_dumpall: `echo "pg_dumpall: error: query failed: ERROR:  permission denied" >&2; exit 1` },
    code: "DUMP_FAILED",
    says: /pg_dumpall: exit code 1: error: query failed: ERROR: {2}permission denied/,
  },
];

describe("a dump that fails leaves no object and no process, and the record says why", () => {
  it("when pg_dump is missing, at planning and at apply", async () => {
    const env = { DBOPS_PG_BINDIR: await mkdtemp(join(workplace.folder, "empty-")) };
    const planned = await workplace.dbops(["plan", "production", "backup", "--json"], env);
    const install = "apt-get install postgresql-client-15";
    expect([planned.code, ...planProblems(planned).map((one) => `${one.code}: ${one.fix}`)]).toEqual([
      1,
      `TOOL_MISSING: ${install}`,
      `TOOL_MISSING: ${install}`,
    ]);
    const ran = await workplace.dbops(["apply", plan, "--json"], env);
    const failure = await expectCleanFailure(ran, /pg_dump is in none of/);
    expect([failure.code, failure.fix]).toEqual(["TOOL_MISSING", install]);
    await expectRecovery();
  });

  it.each(FAULTS)("$name", async ({ replaced, code, says }) => {
    const env = { DBOPS_PG_BINDIR: await toolsWith(cluster, workplace.folder, replaced) };
    const ran = await workplace.dbops(["apply", plan, "--json"], env);
    expect((await expectCleanFailure(ran, says)).code).toBe(code);
    await expectRecovery();
  });

  it("when the server ends its session in the middle of a COPY", async () => {
    const ran = await failInTheMiddle(async () => {
      await cluster.psql("postgres", `SELECT pg_terminate_backend(pid) FROM (${COPYING}) AS one`);
    });
    const failure = await expectCleanFailure(ran, /pg_dump: exit code 1: error: Dumping the contents of/);
    expect(failure.code).toBe("DUMP_FAILED");
    await expectRecovery();
  });

  it("when pg_dump itself is killed in the middle of a COPY", async () => {
    const ran = await failInTheMiddle(async () => {
      const [dump] = programsOf(cluster).filter((one) => one.argv.includes("--snapshot="));
      process.kill(dump?.pid ?? expect.unreachable(), "SIGKILL");
    });
    await expectCleanFailure(ran, /pg_dump: killed by SIGKILL/);
    await expectRecovery();
  });

  it("when the server is stopped in the middle of a COPY; the next plan is carried out when it is back", async () => {
    const ran = await failInTheMiddle(() => cluster.halt());
    const failure = await expectCleanFailure(ran, /pg_dump: exit code 1/);
    expect(failure.code).toBe("DUMP_FAILED");
    const down = await workplace.dbops(["plan", "production", "backup", "--json"]);
    expect([down.code, planProblems(down)[0]?.code]).toEqual([1, "DATABASE_UNREACHABLE"]);
    await cluster.startAgain();
    plan = await planBackup(workplace);
    await expectRecovery();
  });
});

const COPYING =
  "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY public.big%' AND wait_event = 'ClientWrite'";

function isDumpingRoles(): boolean {
  return programsOf(cluster).some(({ argv }) => argv.includes("/pg_dumpall"));
}

/** Applies the plan, and lets something happen while pg_dump is for certain in the middle of the big table, and alone. */
async function failInTheMiddle(happens: () => Promise<void>): Promise<Ran> {
  const flows = join(workplace.folder, `${plan}.flows`);
  const bin = await toolsWith(cluster, workplace.folder, { pg_dump: stalledUntil(flows) });
  const running = workplace.start(["apply", plan, "--json"], { DBOPS_PG_BINDIR: bin });
  await until(async () => (await cluster.psql("postgres", COPYING)) !== "" && !isDumpingRoles());
  await happens();
  await writeFile(flows, "");
  return running.ended;
}

/** Nothing is left, the record names step and reason without showing content, and people are told what to do. */
async function expectCleanFailure(ran: Ran, says: RegExp): Promise<Problem> {
  expect(ran.code).toBe(1);
  expect(await backupFilesOf(workplace)).toEqual(before);
  expect(programsOf(cluster)).toEqual([]);
  const failure = failureOf(ran, "app.dump") ?? expect.unreachable();
  expect(failure.detail).toMatch(says);
  expect(failure.fix).toBeTruthy();
  const { stdout } = mustSucceed(await workplace.dbops(["audit", "show", "production"]));
  const record = stdout.split("\n").findLast((line) => line.includes(" failed app."));
  expect(record).toContain(failure.summary);
  expect(record).toMatch(says);
  for (const text of [ran.stdout, ran.stderr, stdout, await recordsText(workplace)])
    expect(text).not.toMatch(new RegExp(`${PERSONAL}|DETAIL|CONTEXT|Query was|COPY public`));
  return failure;
}

/** The plan, begun or not, is carried out to a whole and verified backup. */
async function expectRecovery(): Promise<void> {
  mustSucceed(await workplace.dbops(["apply", plan]));
  const made = (await backupFilesOf(workplace)).filter((key) => !before.includes(key));
  expect(made.map((key) => key.replace(/^app\/\d{8}_\d{6}\//, "").replace(/\d{8}_\d{6}/, "…"))).toEqual([
    "RESTORE.md",
    "manifest.json",
    "origin/forced",
    "production_app_….detail.json.age",
    "production_app_….dump.zst.age",
    "production_app_….globals.sql.zst.age",
  ]);
}
