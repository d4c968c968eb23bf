import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { openShell } from "../../scripts/quickstart-shell.ts";

function shell(signal: AbortSignal = new AbortController().signal) {
  return openShell({ cwd: tmpdir(), env: process.env, signal });
}

it("gives what a line printed", async () => {
  expect(await shell().run("echo one; echo two >&2")).toBe("one\n");
});

it("stops at a failure in the middle of a pipeline", async () => {
  await expect(shell().run("echo one | (cat; exit 3) | cat")).rejects.toThrow("exit code 3");
});

it("ends the whole pipeline on an interrupt and runs nothing more", async () => {
  const interrupt = new AbortController();
  const one = shell(interrupt.signal);
  const running = one.run("sleep 1000 | cat");
  interrupt.abort(new Error("interrupted by SIGINT"));
  await expect(running).rejects.toThrow("interrupted by SIGINT");
  await expect(one.run("echo one")).rejects.toThrow("interrupted by SIGINT");
});
