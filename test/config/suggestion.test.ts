import { describe, expect, it } from "vitest";
import { didYouMean, nearest } from "../../src/config/suggestion.ts";

const NAMES = ["retention", "recipients", "stores", "s3", "pathStyle", "daily", "dr"];

describe("the name that was meant", () => {
  it.each([
    ["retension", "retention"],
    ["recipeints", "recipients"],
    ["path_style", "pathStyle"],
    ["PATHSTYLE", "pathStyle"],
    ["store", "stores"],
    ["dialy", "daily"],
    ["s33", "s3"],
    ["Dr", "dr"],
  ])("by %j is %j", (word, name) => {
    expect(nearest(word, NAMES)).toBe(name);
  });

  it.each(["colour", "x", "", "abc", "retain everything"])("by %j is none of them", (word) => {
    expect(nearest(word, NAMES)).toBeNull();
  });

  it("is the same whatever the order of the candidates", () => {
    expect(nearest("abcd", ["abce", "abcf"])).toBe("abce");
    expect(nearest("abcd", ["abcf", "abce"])).toBe("abce");
  });

  it("ends a sentence only when there is one", () => {
    expect(didYouMean("dialy", NAMES)).toBe("; did you mean daily?");
    expect(didYouMean("colour", NAMES)).toBe("");
  });
});
