import { expect, test } from "vitest";
import { withoutData } from "../../../../src/adapters/postgres/load/without-data.ts";

test.each([
  ['role "app" does not exist', 'role "app" does not exist'],
  ['column "a ""b""" of relation "c" does not exist', 'column "a ""b""" of relation "c" does not exist'],
  ['must be able to SET ROLE "app"', 'must be able to SET ROLE "app"'],
  [
    'invalid value for parameter "default_tablespace": "fast"',
    'invalid value for parameter "default_tablespace": "fast"',
  ],
  ['invalid input syntax for type integer: "secret"', 'invalid input syntax for type integer: "…"'],
  ['value "4711" is out of range for type integer', 'value "…"'],
  [
    'invalid input syntax for type integer: "{"mail": "alice@example.com"}"',
    'invalid input syntax for type integer: "…"',
  ],
  ['invalid input syntax for type integer: "table "secret""', 'invalid input syntax for type integer: "…"'],
  ["permission denied for table größe", "permission denied for table größe"],
  ['relation "größe" does not exist', 'relation "größe" does not exist'],
])("%s", (message, expected) => {
  expect(withoutData(message, "22P02")).toBe(expected);
  expect(withoutData(message, null)).toBe(expected);
});

test.each([
  ["alice@example.com must not be in it", "P0001"],
  ['role "app" does not exist', "P0001"],
  ["alice@example.com must not be in it", "01000"],
  ["alice@example.com must not be in it", null],
  ['user "alice" owes 4711', null],
  ["ungültige Eingabesyntax für Typ integer: „secret“", "22P02"],
  ["syntaxe en entrée invalide pour le type integer : « secret »", "22P02"],
])("nothing is shown of %s (%s)", (message, sqlstate) => {
  expect(withoutData(message, sqlstate)).toBe("a message that may hold data, which the server's log has");
});
