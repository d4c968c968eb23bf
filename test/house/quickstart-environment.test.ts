import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { adaptExample } from "../../scripts/quickstart-environment.ts";

const EXAMPLE = readFileSync(join(import.meta.dirname, "../../environments/development.yaml"), "utf8");

it("puts this server and this key into the example, and changes nothing else", () => {
  const adapted = parse(adaptExample(EXAMPLE, { port: 4711, recipient: "age1abc" }));
  const expected = parse(EXAMPLE);
  expected.databases.trading_signals.connection.host = "127.0.0.1";
  expected.databases.trading_signals.connection.port = 4711;
  expected.databases.trading_signals.backup.encryption.age.recipients = ["age1abc"];
  expect(adapted).toEqual(expected);
});

it("refuses an example that has no place for the key", () => {
  const plain = EXAMPLE.replace(/age: \{.*\}/, "none");
  expect(() => adaptExample(plain, { port: 4711, recipient: "age1abc" })).toThrow("recipients");
});
