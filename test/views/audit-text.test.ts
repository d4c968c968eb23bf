import { expect, it } from "vitest";
import type { AuditEntry, AuditEvent } from "../../src/model/audit-entry.ts";
import { problem } from "../../src/problems/problem.ts";
import { captureView } from "./capture.ts";

it("does not call a journal consistent that is not there", () => {
  const captured = captureView();
  captured.view.report({ kind: "audit-verified", environment: "production", scopes: [] });
  expect(captured.both()).toBe("No journal found in production.\n");
});

it("says in which file, and where, a step failed", () => {
  const captured = captureView();
  const where = { file: "sql/clean.sql", line: 3, column: 1 };
  const event = {
    event: "failed",
    step: "app.sanitize",
    problems: [problem("RESTORE_FAILED", "syntax error (42601)", { where })],
  } as const;
  captured.view.report({ kind: "audited", environment: "production", entries: [entryOf(event)] });
  expect(captured.both()).toContain("sql/clean.sql:3:1: syntax error (42601)");
});

function entryOf(event: AuditEvent): AuditEntry {
  return {
    formatVersion: 1,
    scope: "app",
    number: 1,
    epoch: 1,
    at: "2026-11-24T10:30:00.000Z",
    plan: "a".repeat(64),
    actor: "someone@host 1",
    events: [event],
    previous: null,
  };
}
