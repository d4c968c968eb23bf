import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chain } from "../../../src/ports/stream/chain.ts";
import { gather } from "../../../src/ports/stream/gather.ts";
import { bytesOf, inPieces } from "./flow.ts";

/** As a piped stream gets them: reading by iteration would join what has piled up. */
async function pieces(body: Readable): Promise<Buffer[]> {
  const got: Buffer[] = [];
  body.on("data", (piece: Buffer) => got.push(piece));
  await finished(body);
  return got;
}

describe("gather", () => {
  it("gives whole buffers, and a shorter one only at the end", async () => {
    const content = bytesOf(2_500_000);
    const got = await pieces(chain(inPieces(content, [70_000]), gather()));
    expect(got.map((one) => one.length)).toEqual([1_048_576, 1_048_576, 402_848]);
    expect(Buffer.concat(got).equals(content)).toBe(true);
  });

  it("passes a long piece as it is, after what it held", async () => {
    const content = bytesOf(3_000_000);
    const got = await pieces(chain(inPieces(content, [10, 1_500_000, 20]), gather()));
    expect(got.slice(0, 2).map((one) => one.length)).toEqual([10, 1_500_000]);
    expect(Buffer.concat(got).equals(content)).toBe(true);
  });

  it("gives nothing for nothing", async () => {
    expect(await pieces(chain(inPieces(Buffer.alloc(0)), gather()))).toEqual([]);
  });

  it("gives the same bytes whatever the pieces", async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2_000 }), sizes, async (length, given) => {
        const content = bytesOf(length);
        const got = await pieces(chain(inPieces(content, [...given, 64]), gather(100)));
        expect(Buffer.concat(got).equals(content)).toBe(true);
        const isLong = given.some((one) => one >= 100);
        expect(isLong || got.slice(0, -1).every((one) => one.length === 100)).toBe(true);
      }),
    );
  });
});
