import { describe, expect, it } from "vitest";
import { failedByItself } from "../../src/apply/interrupted.ts";
import { DbopsError } from "../../src/problems/dbops-error.ts";
import { problem } from "../../src/problems/problem.ts";

const REASON = new Error("interrupted");
const LOCKED = problem("PRUNE_REFUSED", "the store's own retention");

describe("a failure while the run is being interrupted", () => {
  it("is the step's own when dbops refused something", () => {
    expect(failedByItself(new DbopsError([LOCKED]), REASON)).toBe(true);
    expect(failedByItself(new DbopsError([LOCKED], new Error("EPERM")), REASON)).toBe(true);
  });

  it("is the interrupt when that is behind it, however deep", () => {
    expect(failedByItself(REASON, REASON)).toBe(false);
    expect(failedByItself(new DbopsError([LOCKED], REASON), REASON)).toBe(false);
    const deep = new DbopsError([LOCKED], new Error("the read failed", { cause: REASON }));
    expect(failedByItself(deep, REASON)).toBe(false);
  });

  it("is the interrupt when it is nothing that dbops threw on purpose", () => {
    expect(failedByItself(new Error("premature close"), REASON)).toBe(false);
    expect(failedByItself(new DbopsError([problem("INTERNAL", "no such thing")]), REASON)).toBe(false);
  });
});
