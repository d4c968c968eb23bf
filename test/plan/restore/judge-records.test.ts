import { describe, expect, it } from "vitest";
import { BACKUP, planned } from "./build.ts";

describe("a records store that cannot be read", () => {
  it("stands against a restore from another store, with the way around it", () => {
    const refused = planned({
      stores: { primary: "unreadable", second: [BACKUP] },
      restore: { store: "second" },
    });
    expect(refused.plan.steps).toEqual([]);
    expect(refused.problems).toEqual([
      expect.objectContaining({
        code: "STORE_UNREADABLE",
        detail: expect.stringContaining(
          "primary, which keeps the records of production, could not be looked",
        ),
        fix: expect.stringContaining("dbops plan OTHER restore … --from production"),
      }),
    ]);
  });

  it("is not another one, that only lacks copies", () => {
    const stores = { primary: [BACKUP], second: "unreadable" as const };
    expect(planned({ stores }).problems).toEqual([]);
  });
});
