import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { Connection, Database } from "../../src/model/environment.ts";
import type { Plan } from "../../src/model/plan.ts";
import { type Otherwise, planAgain } from "../../src/model/plan-again.ts";
import type { LoadStep, SwapDatabaseStep } from "../../src/model/restore-steps.ts";
import type { Step } from "../../src/model/step.ts";
import { environmentOf, planOf } from "../apply/build.ts";
import { restoreOf } from "../apply/steps.ts";
import { database } from "../plan/build.ts";

interface Difference {
  readonly load?: Partial<LoadStep>;
  readonly swap?: Partial<SwapDatabaseStep>;
  readonly from?: string;
  readonly layout?: "classic";
  readonly connection?: Connection;
  readonly otherwise?: Otherwise;
}

/** The words of the command, as a shell reads them. */
function wordsOf({ load, swap, from, layout, connection, otherwise }: Difference = {}): readonly string[] {
  const steps = restoreOf("app").map((step): Step => {
    switch (step.kind) {
      case "load":
        return { ...step, ...load };
      case "swap":
        return step.type === "database" ? { ...step, ...swap } : step;
      case "download":
        return { ...step, from: from ?? step.from, ...(layout === undefined ? {} : { layout }) };
      default:
        return step;
    }
  });
  return read(planOf(steps), connection, otherwise);
}

function read(plan: Plan, connection?: Connection, otherwise?: Otherwise): readonly string[] {
  const plain = database({}, "app");
  const app: Database = { ...plain, connection: connection ?? plain.connection };
  const one = { ...app, restore: { ...app.restore, jobs: 1 } };
  const command = planAgain(plan, environmentOf({ databases: [one] }), otherwise);
  return execFileSync("sh", ["-c", `printf '%s\\n' ${command}`], { encoding: "utf8" })
    .trim()
    .split("\n");
}

const PLAIN = [
  ...["dbops", "plan", "production", "restore", "--database", "app"],
  ...["--at", "20261124_010000", "--store", "primary"],
];
const NOTHING_THERE = { liveOid: null };
const ON_A_HOST: Connection = {
  kind: "parts",
  host: "db.example.com",
  port: 5432,
  database: "app_live",
  user: "app",
  password: null,
  sslmode: "prefer",
  sslrootcert: null,
};

describe("the command that makes the plan of a restore again", () => {
  it("names the same backup, where it was read from", () => {
    expect(wordsOf()).toEqual(PLAIN);
    expect(wordsOf({ from: "staging" })).toEqual([
      ...PLAIN.slice(0, 8),
      "--from",
      "staging",
      ...PLAIN.slice(8),
    ]);
  });

  it("names the runbook's file as such, which no jobs load", () => {
    const file = "production_app_20261124_010000.sql.gz.enc";
    expect(wordsOf({ layout: "classic", load: { format: "sql", jobs: 4 } })).toEqual([
      ...PLAIN.slice(0, 6),
      ...["--file", file],
      ...PLAIN.slice(8),
    ]);
  });

  it("names no store where that one is what is wrong", () => {
    expect(wordsOf({ otherwise: { without: ["store"] } })).toEqual(PLAIN.slice(0, 8));
  });

  it("goes into another name only where one was asked for", () => {
    const live = "it's another";
    expect(wordsOf({ swap: { live, expect: NOTHING_THERE } })).toEqual([...PLAIN, "--into", live]);
    expect(wordsOf({ swap: { live: "app", expect: NOTHING_THERE } })).toEqual(PLAIN);
    expect(wordsOf({ swap: { live: "called otherwise" } })).toEqual(PLAIN);
    const swap = { live: "app_live", expect: NOTHING_THERE };
    expect(wordsOf({ swap, connection: ON_A_HOST })).toEqual(PLAIN);
  });

  it("says again what was accepted, in words of a shell", () => {
    const entry = "1 2 INDEX public $(id) it's app";
    expect(wordsOf({ load: { tolerate: [entry] }, otherwise: { tolerate: ["0 1 COMMENT x"] } })).toEqual([
      ...PLAIN,
      ...["--tolerate", "0 1 COMMENT x", "--tolerate", entry],
    ]);
    expect(wordsOf({ swap: { lostSlots: ["a"] } })).toEqual([...PLAIN, "--accept-slot-loss"]);
    expect(wordsOf({ otherwise: { acceptSlotLoss: true } })).toEqual([...PLAIN, "--accept-slot-loss"]);
  });

  it("stays in place where it was", () => {
    expect(wordsOf({ load: { marker: "dbops_00000000_old" } })).toEqual([...PLAIN, "--in-place"]);
  });

  it("keeps everything in one tablespace where that was or is to be asked for", () => {
    expect(wordsOf({ load: { tablespaces: "ignore" } })).toEqual([...PLAIN, "--no-tablespaces"]);
    expect(wordsOf({ otherwise: { noTablespaces: true } })).toEqual([...PLAIN, "--no-tablespaces"]);
  });

  it("says how many jobs where the file says otherwise and was not edited", () => {
    expect(wordsOf({ load: { jobs: 8 } })).toEqual([...PLAIN, "--jobs", "8"]);
    expect(wordsOf({ load: { jobs: 8 }, otherwise: { without: ["jobs"] } })).toEqual(PLAIN);
  });
});

it("the command that makes any other plan again names its environment", () => {
  expect(read(planOf([]))).toEqual(["dbops", "plan", "production"]);
});
