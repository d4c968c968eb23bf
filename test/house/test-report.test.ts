import { describe, expect, it } from "vitest";
import { isGreen, tallyLine, tallyOf } from "../../scripts/test-report.ts";

function file(status: string, ...tests: string[]) {
  return { status, assertionResults: tests.map((one) => ({ status: one })) };
}

describe("the tally of a test run", () => {
  it("counts passed, failed and left out tests of all files", () => {
    const tally = tallyOf({
      testResults: [file("passed", "passed", "skipped"), file("failed", "failed", "passed", "todo")],
    });
    expect(tallyLine(tally)).toBe("2 passed, 1 failed, 2 skipped");
  });

  it("counts a file that could not be loaded as a failure", () => {
    expect(tallyOf({ testResults: [file("failed"), file("passed", "passed")] })).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
  });

  it("is green only when at least one test passed, none failed and none was left out", () => {
    expect(isGreen({ passed: 1, failed: 0, skipped: 0 })).toBe(true);
    expect(isGreen({ passed: 0, failed: 0, skipped: 0 })).toBe(false);
    expect(isGreen({ passed: 9, failed: 1, skipped: 0 })).toBe(false);
    expect(isGreen({ passed: 9, failed: 0, skipped: 1 })).toBe(false);
  });
});
