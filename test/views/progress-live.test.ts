import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runOnTerminal } from "./pseudo-terminal.ts";
import { screenOf } from "./screen.ts";

const RUN = join(import.meta.dirname, "live-run.ts");
const TOLD_AFTERWARDS = ["error: a step failed", "  told after the progress", "the end"];

describe("live progress on a pseudo-terminal", () => {
  it("leaves one line per item, the sum, and a terminal that others can print on", async () => {
    const { output, code } = await runOnTerminal(RUN, "");
    expect(code).toBe(0);
    const screen = screenOf(output);
    const lines = screen.lines.map((line) => line.replace(/\d+\.\d s$/, "N s"));
    expect(lines).toEqual([
      "✔ back up first to primary: 1.2 GiB, N s",
      "✖ back up second to primary: failed, 1.2 GiB, N s",
      "↓ back up third to primary: not begun",
      "✖ 1 of 3 items done, 1 failed, 1 not begun",
      "  › waiting for a lock\\x1b[2J",
      ...TOLD_AFTERWARDS,
    ]);
    expect(screen.cursorVisible).toBe(true);
  });

  it("shows bytes and the share of each running item while it runs, and not what has not begun", async () => {
    const { output } = await runOnTerminal(RUN, "");
    expect(output).toMatch(/back up first to primary: [\d.]+ [MG]iB, \d+ %, \d+\.0 MiB stored/);
    expect(output).toContain("0 of 3 items done, 2 running");
    expect(output).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]\S* back up third/);
  });

  it("lets the run decide what Ctrl-C means and is still drawn to its end", async () => {
    const { output, code } = await runOnTerminal(RUN, "hang", {
      typed: { keys: "\u0003", after: " 100 %" },
    });
    expect(code).toBe(130);
    const screen = screenOf(output);
    expect(screen.lines).toEqual([
      expect.stringMatching(/^✖ back up first to primary: 1\.2 GiB, 100 %,.*stopped$/),
      expect.stringMatching(/^✖ back up second to primary: 1\.2 GiB, 100 %,.*stopped$/),
      "✖ 0 of 3 items done, 2 running",
      "  › waiting for a lock\\x1b[2J",
      "  › stopping at the safe point",
      ...TOLD_AFTERWARDS,
    ]);
    expect(screen.cursorVisible).toBe(true);
  });

  it("moves no cursor and uses no colour where TERM is dumb", async () => {
    const { output } = await runOnTerminal(RUN, "", { TERM: "dumb" });
    expect(output).not.toContain("\u001b");
    expect(output).toMatch(/^\d\d:\d\d:\d\d first\.dump begins: dump first, zstd 1\r?$/m);
  });

  it("moves no cursor on a terminal without a size", async () => {
    const { output } = await runOnTerminal(RUN, "", { size: "cols 0 rows 0" });
    expect(output).not.toContain("\u001b[2K");
    expect(output).toContain("first.dump begins: dump first, zstd 1");
  });
});
