import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { chain } from "../../../src/ports/stream/chain.ts";
import { meter } from "../../../src/ports/stream/meter.ts";
import { bytesOf, collect, failingAfter, inPieces, stallingAfter } from "./flow.ts";

const CONTENT = bytesOf(200_000);

describe("meter", () => {
  it("passes every byte and tells their number and SHA-256", async () => {
    const { through, measure } = meter();
    expect((await collect(chain(inPieces(CONTENT), through))).equals(CONTENT)).toBe(true);
    expect(await measure).toEqual({
      bytes: 200_000,
      sha256: createHash("sha256").update(CONTENT).digest("hex"),
    });
  });

  it("tells the measure before the stream ends", async () => {
    const { through, measure } = meter();
    const order: string[] = [];
    measure.then(() => order.push("measure"));
    through.on("end", () => order.push("end"));
    await collect(chain(inPieces(CONTENT), through));
    expect(order).toEqual(["measure", "end"]);
  });

  it("tells progress as a growing number of bytes", async () => {
    const seen: number[] = [];
    await collect(chain(inPieces(CONTENT, [80_000]), meter((bytes) => seen.push(bytes)).through));
    expect(seen).toEqual([80_000, 160_000, 200_000]);
  });

  it("has no measure of a stream that failed", async () => {
    const failure = new Error("cut");
    const { through, measure } = meter();
    await expect(collect(chain(failingAfter(CONTENT, failure), through))).rejects.toBe(failure);
    await expect(measure).rejects.toBe(failure);
  });

  it("has no measure of a stream that was given up", async () => {
    const { through, measure } = meter();
    const result = chain(stallingAfter(CONTENT), through);
    await new Promise((resolve) => result.once("readable", resolve));
    result.destroy();
    await expect(measure).rejects.toThrow("closed before its end");
  });
});
