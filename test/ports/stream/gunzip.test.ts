import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { gunzip } from "../../../src/ports/stream/gunzip.ts";
import { bytesOf, closed, collect, failingAfter, inPieces, stallingAfter, through } from "./flow.ts";

const FAILURE = new Error("upstream failed");
const SIZES = [0, 1, 65_536, 3_000_000];

function unzipped(file: Buffer, sizes?: readonly number[]): Promise<Buffer> {
  return collect(gunzip(inPieces(file, sizes)));
}

function damage(detail: RegExp): object {
  return { problems: [{ code: "OBJECT_DAMAGED", detail: expect.stringMatching(detail) }] };
}

describe("gunzip", () => {
  it.each(SIZES)("gives what gzip packed, for %i bytes", async (length) => {
    const file = await through("gzip", ["-c"], bytesOf(length));
    expect((await unzipped(file)).equals(bytesOf(length))).toBe(true);
    expect((await unzipped(file, [1, 9, 4096])).equals(bytesOf(length))).toBe(true);
  });

  it("takes several members one after the other, as gunzip does", async () => {
    const file = Buffer.concat([gzipSync("one"), gzipSync(""), gzipSync("two")]);
    expect(`${await unzipped(file)}`).toBe("onetwo");
    expect(`${await unzipped(file, [7])}`).toBe("onetwo");
  });

  it("calls a cut file truncated, at every byte", async () => {
    const file = gzipSync(bytesOf(200));
    for (let length = 0; length < file.length; length += 1)
      await expect(unzipped(file.subarray(0, length))).rejects.toMatchObject(damage(/truncated/));
  });

  it.each(["x", "\0", "\0".repeat(70_000), "\x1f", "\x1f\x8bxx"])(
    "refuses bytes behind the end (%#)",
    async (more) => {
      const file = Buffer.concat([gzipSync(bytesOf(1000)), Buffer.from(more, "latin1")]);
      await expect(unzipped(file)).rejects.toMatchObject(damage(/./));
      await expect(unzipped(file, [file.length - more.length, more.length])).rejects.toMatchObject(
        damage(/./),
      );
    },
  );

  it("refuses a flipped bit anywhere in the data or the checksum", async () => {
    const file = gzipSync(bytesOf(500));
    for (let at = 10; at < file.length; at += 1) {
      const other = Buffer.from(file);
      other.writeUInt8(other.readUInt8(at) ^ 4, at);
      await expect(unzipped(other)).rejects.toMatchObject(damage(/./));
    }
  });

  it("has failed with the same error for who looks at it and for who listens", async () => {
    const body = gunzip(inPieces(Buffer.from("no gzip")));
    const error: unknown = await collect(body).catch((thrown: unknown) => thrown);
    expect(body.errored).toBe(error);
    expect(body.errored).toMatchObject(damage(/incorrect header/));
  });

  it("passes on the failure of its input, also behind the end of the file", async () => {
    await expect(collect(gunzip(failingAfter(gzipSync("x").subarray(0, 12), FAILURE)))).rejects.toBe(FAILURE);
    await expect(collect(gunzip(failingAfter(gzipSync("x"), FAILURE)))).rejects.toBe(FAILURE);
  });

  it("destroys its input when it is destroyed", async () => {
    const input = stallingAfter(gzipSync("x").subarray(0, 12));
    const body = gunzip(input);
    body.destroy();
    await closed(input);
    expect(input.destroyed).toBe(true);
  });
});
