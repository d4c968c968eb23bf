import { PassThrough, type Readable, type Transform } from "node:stream";
import { describe, expect, it } from "vitest";
import { chain } from "../../../src/ports/stream/chain.ts";
import { bytesOf, closed, collect, failingAfter, failingAt, inPieces, stallingAfter } from "./flow.ts";

const CONTENT = bytesOf(300_000);
const FIRST = new Error("the first failure");

describe("chain", () => {
  it("gives the source's bytes through every transform", async () => {
    expect(
      (await collect(chain(inPieces(CONTENT), new PassThrough(), new PassThrough()))).equals(CONTENT),
    ).toBe(true);
  });

  it("is the source where there is no transform", async () => {
    expect((await collect(chain(inPieces(CONTENT)))).equals(CONTENT)).toBe(true);
  });

  const positions: [string, () => { source: Readable; transforms: Transform[] }][] = [
    [
      "the source",
      () => ({ source: failingAfter(CONTENT, FIRST), transforms: [new PassThrough(), new PassThrough()] }),
    ],
    [
      "the first transform",
      () => ({ source: inPieces(CONTENT), transforms: [failingAt("piece", FIRST), new PassThrough()] }),
    ],
    [
      "the first transform's end",
      () => ({ source: inPieces(CONTENT), transforms: [failingAt("end", FIRST), new PassThrough()] }),
    ],
    [
      "the last transform",
      () => ({ source: inPieces(CONTENT), transforms: [new PassThrough(), failingAt("piece", FIRST)] }),
    ],
    [
      "the last transform's end",
      () => ({ source: inPieces(CONTENT), transforms: [new PassThrough(), failingAt("end", FIRST)] }),
    ],
  ];
  it.each(positions)("fails with the error of %s and leaves nothing open", async (_where, build) => {
    const { source, transforms } = build();
    const result = chain(source, ...transforms);
    let hasEnded = false;
    result.on("end", () => {
      hasEnded = true;
    });
    await expect(collect(result)).rejects.toBe(FIRST);
    expect(hasEnded).toBe(false);
    await Promise.all([source, ...transforms].map(closed));
    expect([source, ...transforms].every((one) => one.destroyed)).toBe(true);
  });

  it.each([[1], [0]])("fails when a source is closed without an end, with %i transforms", async (count) => {
    const source = stallingAfter(CONTENT);
    const result = chain(source, ...Array.from({ length: count }, () => new PassThrough()));
    setImmediate(() => source.destroy());
    await expect(collect(result)).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
  });

  it.each([
    ["with an error", FIRST],
    ["without one", undefined],
  ])("destroys everything when the result is destroyed %s", async (_how, error) => {
    const source = stallingAfter(CONTENT);
    const middle = new PassThrough();
    const result = chain(source, middle, new PassThrough());
    await new Promise((resolve) => result.once("readable", resolve));
    result.destroy(error);
    await Promise.all([closed(source), closed(middle), closed(result)]);
    expect(source.destroyed && middle.destroyed).toBe(true);
  });

  it("keeps a failure that nobody listens to from becoming an uncaught exception", async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => uncaught.push(error);
    process.on("uncaughtException", note).on("unhandledRejection", note);
    const result = chain(failingAfter(CONTENT, FIRST), new PassThrough());
    result.resume();
    await closed(result);
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off("uncaughtException", note).off("unhandledRejection", note);
    expect(uncaught).toEqual([]);
    await expect(collect(result)).rejects.toBe(FIRST); // whoever comes late sees it
  });

  it("reads no more of the source than the reader asks for", async () => {
    let given = 0;
    const source = stallingAfter(Buffer.alloc(0));
    source._read = () => {
      given += 65_536;
      source.push(Buffer.alloc(65_536));
    };
    const result = chain(source, new PassThrough(), new PassThrough());
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(given).toBeLessThan(1024 * 1024);
    result.destroy();
  });
});
