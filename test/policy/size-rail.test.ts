import { describe, expect, it } from "vitest";
import { sizeRail } from "../../src/policy/size-rail.ts";

describe("the size of a plan", () => {
  const where = { database: "trading_signals", store: "primary" };

  it("may be half of the backups, not more, unless it is allowed", () => {
    expect(sizeRail(where, { pruned: 5, total: 10 }, false)).toBeNull();
    expect(sizeRail(where, { pruned: 6, total: 10 }, false)?.code).toBe("PRUNE_TOO_LARGE");
    expect(sizeRail(where, { pruned: 6, total: 10 }, true)).toBeNull();
  });
});
