import { describe, expect, it } from "vitest";
import { decideOutput } from "../../src/views/output.ts";

const FLAGS = { json: false, quiet: false, verbose: false, markdown: false, colour: true };
const TERMINAL = { stdin: true, stdout: true, stderr: true };

describe("on a terminal", () => {
  it("is coloured, live and may ask", () => {
    expect(decideOutput({ TERM: "xterm" }, FLAGS, TERMINAL)).toEqual({
      json: false,
      quiet: false,
      verbose: false,
      markdown: false,
      colour: { stdout: true, stderr: true },
      live: true,
      interactive: true,
    });
  });

  it.each([
    ["NO_COLOR", { NO_COLOR: "1" }, FLAGS],
    ["--no-color", {}, { ...FLAGS, colour: false }],
  ])("has no colour with %s, and is live all the same", (_name, env, flags) => {
    const output = decideOutput(env, flags, TERMINAL);
    expect(output.colour).toEqual({ stdout: false, stderr: false });
    expect(output.live).toBe(true);
  });

  it("takes an empty NO_COLOR for none", () => {
    expect(decideOutput({ NO_COLOR: "" }, FLAGS, TERMINAL).colour.stdout).toBe(true);
  });

  it("neither colours nor spins where TERM is dumb, but may ask", () => {
    const output = decideOutput({ TERM: "dumb" }, FLAGS, TERMINAL);
    expect(output).toMatchObject({
      colour: { stdout: false, stderr: false },
      live: false,
      interactive: true,
    });
  });

  it("neither spins nor asks in CI", () => {
    expect(decideOutput({ CI: "true" }, FLAGS, TERMINAL)).toMatchObject({ live: false, interactive: false });
  });

  it("neither colours, spins nor asks with --json", () => {
    const output = decideOutput({}, { ...FLAGS, json: true }, TERMINAL);
    expect(output).toMatchObject({
      colour: { stdout: false, stderr: false },
      live: false,
      interactive: false,
    });
  });

  it("does not spin with --quiet, but asks", () => {
    expect(decideOutput({}, { ...FLAGS, quiet: true }, TERMINAL)).toMatchObject({
      live: false,
      interactive: true,
    });
  });
});

it("colours each stream by itself", () => {
  const output = decideOutput({}, FLAGS, { ...TERMINAL, stdout: false });
  expect(output).toMatchObject({ colour: { stdout: false, stderr: true }, live: true });
});

it("does not ask where nobody can type an answer", () => {
  expect(decideOutput({}, FLAGS, { ...TERMINAL, stdin: false }).interactive).toBe(false);
});

it("keeps colour out of Markdown", () => {
  expect(decideOutput({}, { ...FLAGS, markdown: true }, TERMINAL).colour.stdout).toBe(false);
});
