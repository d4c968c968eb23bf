import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { shellQuoted } from "../../src/problems/shell-quoted.ts";

describe("a text in a command for people", () => {
  it.each(["/etc/key", "a b", "it's", '$HOME; echo "x"', "`id`", "é*?", "-n", "", "a\nb", "\\"])(
    "is one word of the shell, whatever it holds: %j",
    (text) => {
      const echoed = execFileSync("sh", ["-c", `printf '<%s>' ${shellQuoted(text)}`], { encoding: "utf8" });
      expect(echoed).toBe(`<${text}>`);
    },
  );

  it("has no quotes where it needs none", () => {
    expect(shellQuoted("/srv/back-ups/app.key")).toBe("/srv/back-ups/app.key");
  });
});
