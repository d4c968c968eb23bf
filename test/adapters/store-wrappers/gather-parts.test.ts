import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gatherParts } from "../../../src/adapters/store-wrappers/gather-parts.ts";

describe("gathering parts", () => {
  it("keeps every byte in order, gives whole parts, and knows the last one", async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 1, max: 50 }), async (bodies, size) => {
        const whole = Buffer.concat(bodies);
        const parts = await gatherAll(bodies, () => size);
        expect(Buffer.concat(parts.map((part) => part.bytes)).equals(whole)).toBe(true);
        expect(parts.map((part) => part.number)).toEqual(parts.map((_, n) => n + 1));
        expect(parts.slice(0, -1).every((part) => part.bytes.length === size && !part.isLast)).toBe(true);
        expect(parts.at(-1)?.isLast).toBe(true);
        expect(parts.length).toBe(Math.max(1, Math.ceil(whole.length / size)));
      }),
    );
  });

  it("uses no more memory than the parts that are not released, whatever the length", async () => {
    const size = 1024 * 1024;
    const buffers = new Set<ArrayBufferLike>();
    const waiting: (() => void)[] = [];
    for await (const part of gatherParts(repeat(Buffer.alloc(50_000), 800), () => size, exhausted)) {
      if (part.number > 1) buffers.add(part.bytes.buffer);
      waiting.push(part.release);
      if (waiting.length > 2) waiting.shift()?.();
    }
    expect(buffers.size).toBeLessThanOrEqual(4);
  });

  it("takes part sizes as they are asked for, and ends where there are no more", async () => {
    const sizes = [2, 3, 5];
    const body = [Buffer.from("0123456789")];
    const parts = await gatherAll(body, (number) => sizes[number - 1] ?? null);
    expect(parts.map((part) => part.bytes.toString())).toEqual(["01", "234", "56789"]);
    await expect(
      gatherAll([...body, Buffer.from("x")], (number) => sizes[number - 1] ?? null),
    ).rejects.toThrow("no more");
  });
});

async function gatherAll(chunks: readonly Uint8Array[], bytesOf: (number: number) => number | null) {
  const parts: { number: number; bytes: Buffer; isLast: boolean }[] = [];
  async function* body() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  for await (const { number, bytes, isLast } of gatherParts(body(), bytesOf, exhausted))
    parts.push({ number, bytes, isLast });
  return parts;
}

async function* repeat(chunk: Buffer, times: number): AsyncGenerator<Buffer> {
  for (let n = 0; n < times; n += 1) yield chunk;
}

function exhausted(): never {
  throw new Error("no more parts");
}
