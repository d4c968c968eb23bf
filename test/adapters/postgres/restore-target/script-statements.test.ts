import { describe, expect, test } from "vitest";
import { splitScript } from "../../../../src/adapters/postgres/restore-target/script-statements.ts";

function textsOf(script: string): string[] {
  const split = splitScript(script);
  if ("what" in split) throw new Error(split.what);
  return split.map((one) => one.text);
}

describe("a script is split at semicolons, but not at those", () => {
  test.each([
    ["in a string", "SELECT 'a;''b;'"],
    ["in a string with escapes", String.raw`SELECT E'a\';b', e'\\'`],
    ["in a string in which a backslash is only a backslash", String.raw`SELECT 'C:\;', N'\'`],
    ["in a quoted name", 'SELECT ";"";" FROM "x;"'],
    ["in a dollar quote", "DO $$ BEGIN PERFORM 1; END $$"],
    ["in a dollar quote with a tag, another one inside", "DO $a$ BEGIN PERFORM $b$;$b$; END $$; $a$"],
    ["in a comment", "SELECT 1 -- a; b\n + 1"],
    ["in a comment inside a comment", "SELECT /* ; /* ; */ ; */ 1"],
    ["in parentheses", "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)"],
    [
      "in the body of a function",
      "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    ],
    ["in the body of a procedure", "create procedure p() begin atomic select 1; end"],
  ])("%s", (_, statement) => {
    expect(textsOf(`${statement};\n SELECT 2;`)).toEqual([statement, "SELECT 2"]);
  });

  test("and what only looks like the start of one of those does not hide any", () => {
    expect(
      textsOf("SELECT a$b$c; SELECT $1; SELECT 1e5; SELECT some'x'; SELECT 4 - 3 / 2; BEGIN; END"),
    ).toEqual([
      "SELECT a$b$c",
      "SELECT $1",
      "SELECT 1e5",
      "SELECT some'x'",
      "SELECT 4 - 3 / 2",
      "BEGIN",
      "END",
    ]);
  });

  test("and nothing is no statement", () => {
    expect(textsOf("\uFEFF ;; -- only\n/* comments */ ; \n")).toEqual([]);
  });
});

test("a statement knows the line that it begins in and its words outside quotes and parentheses", () => {
  const split = splitScript(
    `-- one\n\nupdate "users" /* \n */ set name = 'from' where id in (select 1);\r\n  COPY t(program) to STDOUT`,
  );
  expect(split).toMatchObject([
    { line: 3, words: ["UPDATE", "SET", "NAME", "WHERE", "ID", "IN"] },
    { line: 5, words: ["COPY", "T", "TO", "STDOUT"] },
  ]);
});

describe("a fault is told with its place", () => {
  test.each([
    ["SELECT 1;\n  \\! id", 2, 3, "a command of psql, which dbops does not run"],
    ["SELECT 1 \\gexec", 1, 10, "a command of psql, which dbops does not run"],
    ["SELECT 'it''s", 1, 8, "a string without an end"],
    [String.raw`SELECT E'a''b\'`, 1, 8, "a string without an end"],
    ['SELECT "a""', 1, 8, "a quoted name without an end"],
    ["DO $a$ x $b$", 1, 4, "a dollar quote without an end"],
    ["SELECT 1 /* /* */", 1, 10, "a comment without an end"],
  ])("%j", (script, line, column, what) => {
    expect(splitScript(script)).toEqual({ line, column, what });
  });
});

test("a string of many megabytes is one string", () => {
  const long = `SELECT '${"x''\n".repeat(2_000_000)}'`;
  expect(textsOf(`${long}; SELECT 1`)).toEqual([long, "SELECT 1"]);
});
