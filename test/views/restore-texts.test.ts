import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parsePlan } from "../../src/plan/plan-file.ts";
import { paintWith } from "../../src/views/paint.ts";
import { planMarkdown } from "../../src/views/plan-markdown.ts";
import { shownText } from "../../src/views/shown-text.ts";

it("shows a restore with its point of no return, what is run and what is asked", () => {
  const lines = shown("restore-plain");
  expect(lines).toContain(
    "  !  swap dbops_8ecabbb9_side with trading_signals, which becomes dbops_8ecabbb9_old",
  );
  expect(lines).toContain("       refused if trading_signals is not the database with oid 16384 by then");
  expect(lines).toContain("       sql/mask-emails.sql, sha256 cccccccccccc");
  expect(lines).toContain("       signals-of-the-day: SELECT max(created_at) > '2025-01-17' FROM signals");
  expect(lines).toContainEqual(expect.stringMatching(/^ {7}all of 14 entries; about 1 min/));
});

it("shows every entry that is left out, with its reason", () => {
  expect(shown("restore-not-superuser")).toContain(
    "       leaves out 3466 16916 EVENT TRIGGER - note_ddl app: an event trigger needs a superuser, and dba is none",
  );
  expect(shown("restore-slots-accepted")).toContain("       loses the replication slot analytics");
  expect(shown("restore-tolerating")).toContain(
    "       goes on if this fails: 0 16396 TABLE DATA public signals app",
  );
});

it("shows what a new database gets, and the same to a pull request", () => {
  expect(shown("restore-complete-loss")).toContain("       privileges =T/app app=CTc/app reporting=c/app");
  expect(planMarkdown(planOf("restore-not-superuser"))).toContain("leaves out 3466 16916 EVENT TRIGGER");
});

function shown(scenario: string): readonly string[] {
  return shownText(planOf(scenario), paintWith(false)).body;
}

function planOf(scenario: string) {
  const file = join(import.meta.dirname, "../scenarios", scenario, "plan.yaml");
  return parsePlan(readFileSync(file, "utf8"), "plan.yaml");
}
