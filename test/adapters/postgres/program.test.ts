import { spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, it } from "vitest";
import { Buffers, readOutput } from "../../../src/adapters/postgres/program.ts";

/** A program that ended well, and wrote five bytes into a pipe that then ends as told. */
async function outputBehind(end: (reader: Socket) => void) {
  const child = spawn("true", { stdio: "ignore" });
  await once(child, "close");
  const buffers = new Buffers();
  const reader = new Socket();
  const settled = Promise.resolve({ version: "pg_dump (PostgreSQL) 15.18", warnings: [] });
  const body = readOutput(child, { reader, buffers, settled });
  buffers.onread.buffer().set(Buffer.from("PGDMP"));
  buffers.onread.callback(5);
  const whole = buffer(body);
  end(reader);
  return whole;
}

it("gives what a program wrote that ended well, when its pipe ends", async () => {
  expect((await outputBehind((reader) => void reader.destroy())).toString()).toBe("PGDMP");
});

it("never ends well where the pipe could not be read to its end, though the program says so", async () => {
  const broken = outputBehind((reader) => void reader.destroy(new Error("EIO: i/o error, read")));
  await expect(broken).rejects.toMatchObject({
    problems: [{ code: "DUMP_FAILED", detail: expect.stringContaining("EIO") }],
  });
});
