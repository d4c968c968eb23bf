import fc from "fast-check";
import { expect, it } from "vitest";
import { canonicalJson, digestOf, sha256 } from "../../src/model/canonical.ts";
import { Secret } from "../../src/model/secret.ts";

it("sorts keys at every depth and leaves lists in their order", () => {
  const value = { b: [{ z: 1, a: null }, 2], a: { d: "x", c: true } };
  expect(canonicalJson(value)).toBe('{"a":{"c":true,"d":"x"},"b":[{"a":null,"z":1},2]}');
});

it("leaves out what is undefined", () => {
  expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
});

it("does not depend on the order in which members were added, and survives being stored", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse());
      expect(digestOf(reversed)).toBe(digestOf(value));
      expect(digestOf(JSON.parse(JSON.stringify(value, null, 2)))).toBe(digestOf(value));
    }),
  );
});

it("tells different values apart", () => {
  const values = [null, {}, [], "", 0, false, { a: null }, { a: 0 }, { a: "0" }, [0], ["a"], { a: [] }];
  expect(new Set(values.map(digestOf)).size).toBe(values.length);
});

it("holds no secret", () => {
  expect(canonicalJson({ password: new Secret("hunter2") })).toBe('{"password":"[secret]"}');
});

it("is SHA-256 in lower-case hex", () => {
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(digestOf({ b: 1, a: 2 })).toBe(sha256('{"a":2,"b":1}'));
});
