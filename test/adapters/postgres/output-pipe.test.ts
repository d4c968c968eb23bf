import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPipe } from "../../../src/adapters/postgres/output-pipe.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbops-pipe-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Opens one, sends a text through it, and gives what arrived. */
async function sentThrough(folders: readonly string[], text: string): Promise<string> {
  const buffer = Buffer.alloc(100);
  let read = 0;
  const onread = {
    buffer: () => buffer.subarray(read),
    callback: (bytes: number) => {
      read += bytes;
      return true;
    },
  };
  const { reader, writer } = await openPipe(onread, folders);
  const closed = once(reader, "close");
  reader.resume();
  writer.end(text);
  await closed;
  return buffer.toString("utf8", 0, read);
}

describe("the pipe of a program's output", () => {
  it("gives the reader's own buffers every byte, and leaves no file", async () => {
    expect(await sentThrough([folder], "PGDMP")).toBe("PGDMP");
    expect(await readdir(folder)).toEqual([]);
  });

  it("is made elsewhere where a folder is missing or has too long a name for a socket", async () => {
    const long = join(folder, "x".repeat(100));
    await mkdir(long);
    expect(await sentThrough([join(folder, "missing"), long, folder], "PGDMP")).toBe("PGDMP");
    expect(await readdir(long)).toEqual([]);
  });

  it("says which folders were tried where none will do", async () => {
    const missing = join(folder, "missing");
    await expect(sentThrough([missing], "PGDMP")).rejects.toMatchObject({
      problems: [
        { code: "TEMP_UNUSABLE", detail: expect.stringContaining(missing), fix: `ls -ld ${missing}` },
      ],
    });
  });
});
