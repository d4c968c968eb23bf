import { describe, expect, it } from "vitest";
import { readYaml } from "../../src/config/yaml-text.ts";

describe("the YAML of an environment file", () => {
  it("knows the place of keys and values, counted from 1", () => {
    const yaml = readYaml("a: 1\nb:\n  - x\n  - c: { d: true }\n", "f.yaml");
    expect(yaml.where(["b"], "key")).toEqual({ file: "f.yaml", line: 2, column: 1 });
    expect(yaml.where(["b", 1, "c", "d"], "value")).toEqual({ file: "f.yaml", line: 4, column: 13 });
  });

  it("names the enclosing key as the place of what is not there", () => {
    expect(readYaml("a:\n  b: 1\n", "f.yaml").where(["a", "none"], "key")).toMatchObject({
      line: 1,
      column: 1,
    });
  });

  it("names the key as the place of an empty value", () => {
    expect(readYaml("a:\nb: 1\n", "f.yaml").where(["a"], "value")).toMatchObject({ line: 1, column: 1 });
  });

  it.each([
    ["aliases", "a: &x 1\nb: *x\n", 2, "aliases (*name) are not allowed"],
    ["anchors", "a: 1\nb: &x 1\n", 2, "anchors (&name) are not allowed"],
    ["tags", "a: 1\nb: !!str 1\n", 2, "tags (!name) are not allowed"],
    ["unknown tags", "a: 1\nb: !env X\n", 2, "tags (!name) are not allowed"],
    ["duplicate keys", "a: 1\nb: 1\na: 2\n", 3, "this key is given twice"],
    ["a second document", "a: 1\n---\nb: 1\n", 2, "there must be one document in the file"],
    ["directives", "%YAML 1.1\n---\na: yes\n", 1, "directives (%YAML) are not allowed"],
    ["keys that are no text", "a: 1\n? [b]\n: 1\n", 2, "a key must be plain text"],
    ["tabs", "a:\n\tb: 1\n", 2, "tabs are not allowed as indentation"],
    ["an open quote", "a: 'x\n", 2, "a character is missing"],
  ])("refuses %s", (_, text, line, detail) => {
    const [first] = readYaml(text, "f.yaml").problems.filter((one) => one.detail.startsWith(detail));
    expect(first?.where?.line).toBe(line);
  });

  it("tells the first mistake of the syntax only, because the others are its echo", () => {
    expect(readYaml("a: b: c: d\n  e: [\n", "f.yaml").problems).toHaveLength(1);
  });

  it("keeps what stands around a duplicate key, so that the rest is looked at too", () => {
    expect(readYaml("a: 1\na: 2\nb: 3\n", "f.yaml").value).toMatchObject({ b: 3 });
  });

  it.each(["a: *hunter2\n", "a: !hunter2 x\n", 'a: "x" hunter2\n', "a: &hunter2 x\n", 'a: "\\hunter2"\n'])(
    "does not repeat the text of %j, which may be a secret",
    (text) => {
      const { problems } = readYaml(text, "f.yaml");
      expect(problems).not.toEqual([]);
      expect(JSON.stringify(problems)).not.toContain("hunter2");
    },
  );
});
