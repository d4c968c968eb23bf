import { spawnSync } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makePrivateFile } from "../../../../src/adapters/postgres/load/private-file.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { problemOf } from "./loading.ts";

describe("a private file", () => {
  test("is read by a child again and again, has no name and leaves nothing", async () => {
    const folder = await tempFolder();
    const file = await makePrivateFile([Buffer.from("one "), Buffer.from("two")], {}, [folder]);
    expect(await readdir(folder)).toEqual([]);
    const script = `cat ${file.pathIn(3)}; cat ${file.pathIn(3)}; stat -L -c ' %a' ${file.pathIn(3)}`;
    const { stdout } = spawnSync("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit", file.fd] });
    await file.close();
    expect(stdout.toString()).toBe("one twoone two 600\n");
  });

  test("stands on the first folder that takes it, and says whether that is memory", async () => {
    const folder = await tempFolder();
    const memory = await makePrivateFile([], {}, [join(folder, "missing"), "/dev/shm"]);
    expect([memory.folder, memory.inMemory]).toEqual(["/dev/shm", true]);
    await memory.close();
    const disk = await makePrivateFile([], {}, [folder]);
    expect(disk.inMemory).toBe((await stat(folder)).dev === (await stat("/dev/shm")).dev);
    await disk.close();
  });

  test("that no folder takes is TEMP_UNUSABLE", async () => {
    const problem = await problemOf(makePrivateFile([], {}, ["/nonexistent/a", "/nonexistent/b"]));
    expect([problem.code, problem.fix]).toEqual(["TEMP_UNUSABLE", "df /nonexistent/a /nonexistent/b"]);
  });
});
