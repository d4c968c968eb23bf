import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { partSizesFor } from "../../../src/adapters/s3-store/part-size.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

describe("the size of parts", () => {
  it("is 16 MiB where the estimate fits", () => {
    const sizes = partSizesFor(0, { max: 10_000, equal: false });
    expect([1, 2, 5000].map(sizes.bytesOf)).toEqual([16 * MIB, 16 * MIB, 16 * MIB]);
  });

  it("grows only in the second half of the parts, where the estimate was wrong", () => {
    const sizes = partSizesFor(0, { max: 1000, equal: false });
    expect([1, 500, 501, 626, 751, 876, 1000, 1001].map(sizes.bytesOf)).toEqual(
      [16, 16, 32, 64, 128, 256, 256]
        .map((size) => size * MIB)
        .concat([Number.NaN])
        .map((size) => size || null),
    );
  });

  it("stays one size for a store that wants equal parts", () => {
    const sizes = partSizesFor(100 * GIB, { max: 1000, equal: true });
    const all = new Set(Array.from({ length: 1000 }, (_, n) => sizes.bytesOf(n + 1)));
    expect([...all]).toEqual([154 * MIB]);
    expect(sizes.bytesOf(1001)).toBeNull();
  });

  it("always suffices for one and a half times the estimate, within the limits of S3", () => {
    const estimates = fc.integer({ min: 0, max: 5 * 1024 * GIB });
    fc.assert(
      fc.property(estimates, fc.integer({ min: 1000, max: 10_000 }), fc.boolean(), (estimate, max, equal) => {
        const sizes = partSizesFor(estimate, { max, equal });
        const first = sizes.bytesOf(1) ?? 0;
        expect(first).toBeGreaterThanOrEqual(8 * MIB);
        expect(first).toBeLessThanOrEqual(5 * GIB);
        expect(first * max).toBeGreaterThanOrEqual(Math.min(estimate * 1.5, 5 * GIB * max));
        expect(sizes.bytesOf(max)).not.toBeNull();
        expect(sizes.bytesOf(max + 1)).toBeNull();
      }),
    );
  });
});
