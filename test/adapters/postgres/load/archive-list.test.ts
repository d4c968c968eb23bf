import { describe, expect, test } from "vitest";
import { parseArchiveList, renderArchiveList } from "../../../../src/adapters/postgres/load/archive-list.ts";

/** Type and rest of one line of `pg_restore -l`. */
function typeAndRest(line: string): readonly (string | undefined)[] {
  const [entry] = parseArchiveList(line);
  return [entry?.type, entry?.rest];
}

describe("a line of an archive's list", () => {
  test("is an entry with its number and the text behind it, without the blank that a missing owner leaves", () => {
    expect(
      parseArchiveList(";\n; Selected TOC Entries:\n;\n3810; 0 0 COMMENT - EXTENSION citext \n"),
    ).toEqual([
      { id: 3810, text: "0 0 COMMENT - EXTENSION citext", type: "COMMENT", rest: "- EXTENSION citext" },
    ]);
  });

  test.each([
    ["1; 1259 7 TABLE public users app", "TABLE", "public users app"],
    ["1; 0 7 TABLE DATA public users app", "TABLE DATA", "public users app"],
    ["1; 1259 7 TABLE DATA users app", "TABLE", "DATA users app"],
    ["1; 0 7 TABLE DATA DATA users app", "TABLE DATA", "DATA users app"],
    ["1; 0 7 MATERIALIZED VIEW DATA public daily app", "MATERIALIZED VIEW DATA", "public daily app"],
    ["1; 1259 7 MATERIALIZED VIEW DATA daily app", "MATERIALIZED VIEW", "DATA daily app"],
    ["1; 1259 7 SEQUENCE SET n app", "SEQUENCE", "SET n app"],
    ["1; 0 0 SEQUENCE OWNED BY public n app", "SEQUENCE OWNED BY", "public n app"],
    [
      "1; 826 7 DEFAULT ACL audit DEFAULT PRIVILEGES FOR TABLES app",
      "DEFAULT ACL",
      "audit DEFAULT PRIVILEGES FOR TABLES app",
    ],
    ["1; 2604 7 DEFAULT ACL users id app", "DEFAULT", "ACL users id app"],
    ["1; 2617 7 OPERATOR public === app", "OPERATOR", "public === app"],
    ["1; 3466 7 EVENT TRIGGER - note ddl app", "EVENT TRIGGER", "- note ddl app"],
    ["1; 2606 7 FK CONSTRAINT public users users_fkey app", "FK CONSTRAINT", "public users users_fkey app"],
    ["1; 9999 7 NOVELTY public x app", "NOVELTY", "public x app"],
  ])("%s", (line, type, rest) => {
    expect(typeAndRest(line)).toEqual([type, rest]);
  });
});

test("a list to use names entries by their numbers alone, whatever their names hold", () => {
  const entries = parseArchiveList("7; 1259 7 TABLE public a;b app\n9; 1259 9 TABLE public c app\n");
  expect(renderArchiveList(entries)).toBe("7;\n9;\n");
});
