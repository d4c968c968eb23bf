import { inspect } from "node:util";
import { expect, it } from "vitest";
import { Secret } from "../../src/model/secret.ts";

it("shows a redaction however it is printed", () => {
  const secret = new Secret("hunter2");
  const printed = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ deep: [secret] }, { depth: 9, showHidden: true }),
    Object.values(secret).join(),
    inspect(new Error("x", { cause: secret })),
  ];
  for (const text of printed) expect(text).not.toContain("hunter2");
  expect(printed.slice(0, 3)).toEqual(["[secret]", "[secret]", '{"secret":"[secret]"}']);
});

it("gives its value to an adapter that asks for it", () => {
  expect(new Secret("hunter2").reveal()).toBe("hunter2");
});
