/** What a test run came to. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report that is counted. */
export interface TestReport {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** Counts tests; a file that failed without a failed test (it could not be loaded) counts as one failure. */
export function tallyOf(report: TestReport): Tally {
  const tests = report.testResults.flatMap((file) => file.assertionResults.map((one) => one.status));
  const passed = tests.filter((status) => status === "passed").length;
  const failed = tests.filter((status) => status === "failed").length;
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((one) => one.status !== "failed"),
  );
  return { passed, failed: failed + broken.length, skipped: tests.length - passed - failed };
}

/** True for a run that proves something: at least one test, none failed, none left out. */
export function isGreen(tally: Tally): boolean {
  return tally.passed > 0 && tally.failed === 0 && tally.skipped === 0;
}

/** The line that people and CI read. */
export function tallyLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`;
}
