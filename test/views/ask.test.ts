import { join } from "node:path";
import { expect, it } from "vitest";
import { runOnTerminal } from "./pseudo-terminal.ts";

const RUN = join(import.meta.dirname, "ask-run.ts");
const AFTER = "to go on:";

it("asks on the terminal and returns the line that was typed", async () => {
  const { output, code } = await runOnTerminal(RUN, "", { typed: { keys: "production\r", after: AFTER } });
  expect(output).toMatch(/Type production\\x1b\[2J to go on: (?! )/);
  expect(output).toMatch(/\nanswer "production"\r?\n/);
  expect(code).toBe(0);
});

it.each([
  ["Ctrl-C", "\u0003"],
  ["Ctrl-D", "\u0004"],
])("takes %s for no answer and leaves the decision to who asked", async (_name, keys) => {
  const { output, code } = await runOnTerminal(RUN, "", { typed: { keys, after: AFTER } });
  expect(output).toMatch(/\nanswer null\r?\n/);
  expect(code).toBe(0);
});

it("stops asking when the run is stopped", async () => {
  const { output } = await runOnTerminal(RUN, "impatient");
  expect(output).toMatch(/\nanswer null\r?\n/);
});
