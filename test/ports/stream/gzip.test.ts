import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { gzip } from "../../../src/ports/stream/gzip.ts";
import { bytesOf, closed, collect, failingAfter, inPieces, stallingAfter, through } from "./flow.ts";

const CONTENT = Buffer.from(bytesOf(400_000).toString("hex")); // compresses to about a half
const FAILURE = new Error("upstream failed");

describe("gzip", () => {
  it.each([
    [1, [65_536]],
    [6, [300_000]],
    [9, [CONTENT.length]],
    [6, [1, 40_000, 7]],
  ])("makes what gunzip itself opens, at level %i in pieces of %j", async (level, sizes) => {
    const some = sizes.includes(7) ? CONTENT.subarray(0, 41_000) : CONTENT;
    const file = await collect(gzip(inPieces(some, sizes), level));
    expect((await through("gunzip", ["-c"], file)).equals(some)).toBe(true);
  });

  it("makes a file of nothing", async () => {
    const file = await collect(gzip(inPieces(Buffer.alloc(0)), 6));
    expect(await through("gunzip", ["-c"], file)).toHaveLength(0);
  });

  it("looks back over the edges of its pieces, so that these cost next to nothing", async () => {
    const half = CONTENT.subarray(0, 32_000);
    const whole = await collect(gzip(inPieces(Buffer.concat([half, half]), [64_000]), 6));
    const parts = await collect(gzip(inPieces(Buffer.concat([half, half]), [32_000]), 6));
    expect(parts.length).toBeLessThan(whole.length + 100);
  });

  it("has a checksum of the content, so that gunzip finds a changed byte", async () => {
    const file = await collect(gzip(inPieces(CONTENT), 6));
    file.writeUInt8(file.readUInt8(file.length - 8) ^ 1, file.length - 8); // the checksum's own first byte
    await expect(through("gunzip", ["-c"], file)).rejects.toThrow("crc error");
  });

  it("fails with the error of its input and never ends well", async () => {
    await expect(collect(gzip(failingAfter(CONTENT, FAILURE), 6))).rejects.toBe(FAILURE);
  });

  it("has done with a piece when it gives it back", async () => {
    const copy = Buffer.from(CONTENT);
    const pieces = Array.from({ length: 16 }, (_, n) => copy.subarray(n * 50_000, (n + 1) * 50_000));
    const file = await collect(gzip(Readable.from(pieces), 6, (piece) => void piece.fill(0)));
    expect((await through("gunzip", ["-c"], file)).equals(CONTENT)).toBe(true);
    expect(copy.equals(Buffer.alloc(CONTENT.length))).toBe(true);
  });

  it("closes its input when it is given up", async () => {
    const source = stallingAfter(CONTENT);
    const result = gzip(source, 6);
    result.resume();
    setImmediate(() => result.destroy());
    await closed(source);
    expect(source.destroyed).toBe(true);
  });
});
