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
  ['value "4711" is out of range for type integer', 'value "…" is out of range for type integer'],
])("%s", (message, expected) => {
  expect(withoutData(message)).toBe(expected);
});
