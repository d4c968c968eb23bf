import { describe, expect, it } from "vitest";
import { renderTemplate } from "../../src/config/init-template.ts";
import { parseEnvironment } from "../../src/config/parse-environment.ts";
import { RECIPIENT_PLACEHOLDER } from "../../src/config/recipient.ts";
import { KEYS } from "./environment-text.ts";

const PLACE = { file: "environments/qa.yaml", baseFolder: "/srv/ops" };

describe("a new environment file", () => {
  it("has one problem, at the line where the public key belongs, whose fix makes one", () => {
    const text = renderTemplate("qa");
    const { problems } = parseEnvironment(text, PLACE);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.fix).toBe("age-keygen -o age.key");
    expect(text.split("\n")[(problems[0]?.where?.line ?? 0) - 1]).toContain(RECIPIENT_PLACEHOLDER);
  });

  it("is valid once the key is there", () => {
    const text = renderTemplate("qa").replace(RECIPIENT_PLACEHOLDER, KEYS[0]);
    const { environment, problems } = parseEnvironment(text, PLACE);
    expect(problems).toEqual([]);
    expect(environment?.name).toBe("qa");
  });

  it("tells editors where the schema is", () => {
    expect(renderTemplate("qa", "../x/schema.json").split("\n")[0]).toBe(
      "# yaml-language-server: $schema=../x/schema.json",
    );
  });
});
