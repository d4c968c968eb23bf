import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainSecretIn } from "../../src/config/plain-secret.ts";
import { type Change, environmentText, problemsOf } from "./environment-text.ts";

const PRIVATE_KEY = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";

describe("a secret in an environment file", () => {
  it.each<[string, Change, string]>([
    [
      "a private key for a recipient",
      { backup: { encryption: { age: { recipients: [PRIVATE_KEY] } } } },
      "recipients[0] holds an age private key; recipients are public keys",
    ],
    [
      "a private key for an identity",
      { top: { identities: [PRIVATE_KEY] } },
      "identities[0] holds an age private key",
    ],
    [
      "a private key for a file",
      { top: { identities: [{ file: PRIVATE_KEY }] } },
      "identities[0].file holds an age private key",
    ],
    ["a private key for a key", { top: { [PRIVATE_KEY]: 1 } }, "(not shown) holds an age private key"],
    [
      "a URL for a connection",
      { database: { connection: "postgresql://u:hunter2@h/d" } },
      "connection holds a URL with a password",
    ],
    [
      "a URL for the name of a variable",
      { database: { connection: { url: { env: "postgresql://u:hunter2@h/d" } } } },
      "url.env holds a URL with a password",
    ],
    [
      "a password in an address",
      { stores: { x: { s3: { bucket: "abc", endpoint: "https://u:hunter2@h" } } } },
      "endpoint holds a URL with a password",
    ],
    [
      "a password in a service",
      { database: { connection: { service: "host=h password=hunter2" } } },
      "service holds a password",
    ],
    [
      "a password",
      { connection: { password: "hunter2" } },
      "connection.password must say where the secret is kept",
    ],
    [
      "a password of digits",
      { connection: { password: 73_313_372 } },
      "connection.password must say where the secret is kept",
    ],
    [
      "a password as a key",
      { connection: { password: { hunter2: null } } },
      "connection.password must say where the secret is kept",
    ],
    [
      "a passphrase",
      { backup: { encryption: { age: { passphrase: "hunter2" } } } },
      "age.passphrase must say where the secret is kept",
    ],
    [
      "a passphrase for the encryption",
      { backup: { encryption: "hunter2" } },
      "backup.encryption: this is not known",
    ],
    [
      "a password for the name of a variable",
      { connection: { password: { env: "hunter2!" } } },
      "password.env is not the name of an environment variable",
    ],
    [
      "a password for a recipient",
      { backup: { encryption: { age: { recipients: ["hunter2"] } } } },
      "recipients[0] is no age public key",
    ],
    [
      "a password in a host",
      { connection: { host: "u:hunter2@h" } },
      "connection.host must be a name or an address alone",
    ],
  ])("is named, and not repeated: %s", (_, change, detail) => {
    const problems = problemsOf(environmentText(change));
    expect(problems.map((one) => one.detail).join("\n")).toContain(detail);
    for (const secret of ["hunter2", "73313372", PRIVATE_KEY])
      expect(JSON.stringify(problems)).not.toContain(secret);
  });

  it("is told with the command that gives the public key", () => {
    const change = { backup: { encryption: { age: { recipients: [PRIVATE_KEY] } } } };
    expect(problemsOf(environmentText(change))[0]?.fix).toBe("age-keygen -y KEY_FILE");
  });

  it("is told once, whatever else is wrong at its place", () => {
    expect(problemsOf(environmentText({ top: { identities: [PRIVATE_KEY] } }))).toHaveLength(1);
  });

  it("is never repeated, whatever it is and however it is written in the place of a password", () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9*&!%#]{12,20}$/).map((text) => `§${text}`);
    const form = fc.constantFrom<(text: string) => unknown>(
      (text) => text,
      (text) => [text],
      (text) => ({ [text]: text }),
      (text) => ({ env: text }),
      (text) => ({ value: text }),
      (text) => ({ command: text }),
    );
    fc.assert(
      fc.property(secret, form, (text, write) => {
        const problems = problemsOf(environmentText({ connection: { password: write(text) } }));
        expect(problems).not.toEqual([]);
        expect(JSON.stringify(problems)).not.toContain(text);
      }),
    );
  });
});

describe("the form of a secret", () => {
  it.each([
    ["https://s3.example.com:9000/path", null],
    ["postgresql://user@host/db", null],
    ["age1qqqq", null],
    ["-----BEGIN OPENSSH PRIVATE KEY-----", "a private key"],
    ["https://host/?user=a&password=b", "a password"],
    ["--field=password", null],
  ])("of %j is %j", (text, what) => {
    expect(plainSecretIn(text)).toBe(what);
  });
});
