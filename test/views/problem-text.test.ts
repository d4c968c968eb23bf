import { expect, it } from "vitest";
import { problem } from "../../src/problems/problem.ts";
import { paintWith } from "../../src/views/paint.ts";
import { problemLines } from "../../src/views/problem-text.ts";

const PLAIN = paintWith(false);
const FILE = "environments/production.yaml";

it("says what, where, why and the next command", () => {
  const one = problem("CONFIG_INVALID", 'unknown key "retenton", did you mean "retention"?', {
    where: { file: FILE, line: 12, column: 5 },
    fix: "dbops validate production",
  });
  expect(problemLines([one], PLAIN)).toEqual([
    "error: the environment file is not valid",
    '  environments/production.yaml:12:5: unknown key "retenton", did you mean "retention"?',
    "hint: dbops validate production",
  ]);
});

it("puts a command of a longer hint alone on its line", () => {
  const one = problem("STORE_UNREADABLE", "dr: nobody answers\n127.0.0.1:9000", {
    fix: "start the server, then:\ndbops doctor production",
  });
  expect(problemLines([one], PLAIN)).toEqual([
    "error: a store cannot be read",
    "  dr: nobody answers",
    "    127.0.0.1:9000",
    "hint: start the server, then:",
    "  dbops doctor production",
  ]);
});

it("groups by code and fix, errors first, places in order, each once", () => {
  const at = (line: number) =>
    problem("CONFIG_INVALID", `line ${line}`, { where: { file: FILE, line, column: 1 }, fix: "look" });
  const missed = problem("SLOT_MISSED", "two slots", { severity: "warning" });
  const other = problem("STORE_UNREADABLE", "dr");
  expect(problemLines([missed, at(20), other, at(3), at(20)], PLAIN)).toEqual([
    "error: the environment file is not valid",
    `  ${FILE}:3:1: line 3`,
    `  ${FILE}:20:1: line 20`,
    "hint: look",
    "",
    "error: a store cannot be read",
    "  dr",
    "",
    "warning: scheduled backups were missed",
    "  two slots",
  ]);
});

it("does not let a name act on the terminal", () => {
  const one = problem("DATABASE_MISSING", 'database "a\u001b]0;owned\u0007"', { fix: "\u001b[1A" });
  expect(problemLines([one], PLAIN)).toEqual([
    "error: a database does not exist",
    '  database "a\\x1b]0;owned\\x07"',
    "hint: \\x1b[1A",
  ]);
});

it("names the code with --verbose", () => {
  expect(problemLines([problem("LOCKED", "by root@host")], PLAIN, true)[0]).toBe(
    "error: another run holds the lock (LOCKED)",
  );
});

it("colours only the title", () => {
  const [title, detail] = problemLines([problem("LOCKED", "by root@host")], paintWith(true));
  expect(title).toBe("\u001b[31m\u001b[1merror:\u001b[22m another run holds the lock\u001b[39m");
  expect(detail).toBe("  by root@host");
});
