import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../../src/model/canonical.ts";
import { chain } from "../../../src/ports/stream/chain.ts";
import { intact } from "../../../src/ports/stream/intact.ts";
import type { Measure } from "../../../src/ports/stream/meter.ts";

const CONTENT = "what was dumped";
const MEANT: Measure = { bytes: CONTENT.length, sha256: sha256(CONTENT) };

function through(content: string) {
  const told: Measure[] = [];
  const seen: number[] = [];
  const stage = intact(MEANT, {
    damaged: (found) => {
      told.push(found);
      return new Error("damaged");
    },
    onProgress: (bytes) => seen.push(bytes),
  });
  const body = chain(Readable.from([...content].map((one) => Buffer.from(one))), stage.through);
  return { body, measure: stage.measure, told, seen };
}

describe("a stream that must be intact", () => {
  it("passes what was meant, and tells its measure", async () => {
    const { body, measure, seen } = through(CONTENT);
    expect((await buffer(body)).toString()).toBe(CONTENT);
    expect(await measure).toEqual(MEANT);
    expect(seen.at(-1)).toBe(CONTENT.length);
  });

  it.each([
    ["other bytes", CONTENT.toUpperCase()],
    ["too few", CONTENT.slice(1)],
    ["none", ""],
  ])("does not end well with %s", async (_what, content) => {
    const { body, measure, told } = through(content);
    await expect(buffer(body)).rejects.toThrow("damaged");
    await expect(measure).rejects.toThrow("damaged");
    expect(told).toEqual([{ bytes: content.length, sha256: sha256(content) }]);
  });

  it("fails at the first byte too much", async () => {
    const { body, told } = through(`${CONTENT}!${"more".repeat(100)}`);
    await expect(buffer(body)).rejects.toThrow("damaged");
    expect(told[0]?.bytes).toBe(MEANT.bytes + 1);
  });

  it("fails with what failed before it", async () => {
    const stage = intact(MEANT, { damaged: () => new Error("damaged") });
    const source = new Readable({ read: () => void source.destroy(new Error("the store went away")) });
    await expect(buffer(chain(source, stage.through))).rejects.toThrow("the store went away");
    await expect(stage.measure).rejects.toThrow("the store went away");
  });
});
