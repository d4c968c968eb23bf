import { Readable } from "node:stream";
import { constants, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compress, decompress } from "../../../src/ports/stream/zstd.ts";
import { bytesOf, closed, collect, failingAfter, inPieces, stallingAfter, through } from "./flow.ts";

const CONTENT = Buffer.from(bytesOf(400_000).toString("hex")); // compresses to about a half
const FAILURE = new Error("upstream failed");
const CHECKED = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

describe("compress", () => {
  it.each([1, 3, 19])("makes what zstd itself opens, at level %i", async (level) => {
    const frame = await collect(compress(inPieces(CONTENT), level));
    expect(frame.length).toBeLessThan(CONTENT.length);
    expect((await through("zstd", ["-d", "-c"], frame)).equals(CONTENT)).toBe(true);
  });

  it("makes a frame of nothing", async () => {
    const frame = await collect(compress(inPieces(Buffer.alloc(0)), 1));
    expect(await through("zstd", ["-d", "-c"], frame)).toHaveLength(0);
  });

  it("adds a checksum, so that zstd itself finds a changed byte", async () => {
    const frame = await collect(compress(inPieces(CONTENT), 1));
    frame.writeUInt8(frame.readUInt8(frame.length - 1) ^ 1, frame.length - 1); // the checksum's own last byte
    await expect(through("zstd", ["-d", "-c"], frame)).rejects.toThrow("checksum");
  });

  it("fails with the error of its input and never ends well", async () => {
    await expect(collect(compress(failingAfter(CONTENT, FAILURE), 1))).rejects.toBe(FAILURE);
  });

  it("has done with a chunk when it gives it back", async () => {
    const wipe = (chunk: Buffer) => void chunk.fill(0);
    const copy = Buffer.from(CONTENT);
    const body = Readable.from([copy.subarray(0, 500_000), copy.subarray(500_000)]);
    const frame = await collect(compress(body, 1, wipe));
    expect((await through("zstd", ["-d", "-c"], frame)).equals(CONTENT)).toBe(true);
    expect(copy.equals(Buffer.alloc(CONTENT.length))).toBe(true);
  });

  it("closes its input when it is given up", async () => {
    const source = stallingAfter(CONTENT);
    const result = compress(source, 1);
    setImmediate(() => result.destroy());
    await closed(source);
    expect(source.destroyed).toBe(true);
  });
});

describe("decompress", () => {
  it("opens what zstd itself makes", async () => {
    const frame = await through("zstd", ["-19", "-c"], CONTENT);
    expect((await collect(decompress(inPieces(frame, [1000])))).equals(CONTENT)).toBe(true);
  });

  it("opens a frame of nothing", async () => {
    expect(await collect(decompress(compress(inPieces(Buffer.alloc(0)), 1)))).toHaveLength(0);
  });

  // Several MiB, so that the cut falls between two buffers as well as inside one.
  it.each([0, 1, 5, 400_000, 1_048_576, 2_097_152])("refuses a frame cut after %i bytes", async (length) => {
    const frame = zstdCompressSync(bytesOf(3_000_000), CHECKED);
    const cut = frame.subarray(0, length);
    await expect(collect(decompress(inPieces(cut)))).rejects.toMatchObject({
      problems: [{ code: "OBJECT_DAMAGED" }],
    });
  });

  it("refuses a frame without its last byte", async () => {
    const frame = zstdCompressSync(CONTENT, CHECKED);
    await expect(collect(decompress(inPieces(frame.subarray(0, -1))))).rejects.toThrow("cannot be read");
  });

  it("refuses a changed byte", async () => {
    const frame = zstdCompressSync(CONTENT, CHECKED);
    frame.writeUInt8(frame.readUInt8(1000) ^ 1, 1000);
    await expect(collect(decompress(inPieces(frame)))).rejects.toThrow("cannot be read");
  });

  it("has failed with the same error for who looks at it and for who listens", async () => {
    const body = decompress(inPieces(Buffer.from("no zstd")));
    const error: unknown = await collect(body).catch((thrown: unknown) => thrown);
    expect(body.errored).toBe(error);
    expect(body.errored).toMatchObject({ problems: [{ code: "OBJECT_DAMAGED" }] });
  });

  it("refuses what is no zstd", async () => {
    await expect(collect(decompress(inPieces(Buffer.from("PGDMP"))))).rejects.toMatchObject({
      problems: [{ code: "OBJECT_DAMAGED" }],
    });
  });

  it.each([[[65_536]], [[1]]])("refuses bytes after the end of the frame, in pieces of %j", async (sizes) => {
    const frame = zstdCompressSync(Buffer.from("all of it"), CHECKED);
    const more = Buffer.concat([frame, Buffer.from("more")]);
    await expect(collect(decompress(inPieces(more, sizes)))).rejects.toThrow("cannot be read");
  });

  it("fails with the error of its input even when the frame was whole", async () => {
    const frame = zstdCompressSync(CONTENT, CHECKED);
    await expect(collect(decompress(failingAfter(frame, FAILURE)))).rejects.toBe(FAILURE);
  });

  it("closes its input when it is given up", async () => {
    const source = stallingAfter(zstdCompressSync(CONTENT, CHECKED));
    const result = decompress(source);
    setImmediate(() => result.destroy());
    await closed(source);
    expect(source.destroyed).toBe(true);
  });
});
