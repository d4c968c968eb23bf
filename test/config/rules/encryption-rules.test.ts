import { generateHybridIdentity, generateIdentity, identityToRecipient } from "age-encryption";
import { describe, expect, it } from "vitest";
import { RECIPIENT_PLACEHOLDER } from "../../../src/config/recipient.ts";
import { detailsOf, KEYS } from "../environment-text.ts";

const detailsFor = (recipients: readonly string[]): readonly string[] =>
  detailsOf({ backup: { encryption: { age: { recipients } } } });

const [KEY] = KEYS;

describe("recipients", () => {
  it("are age public keys of either kind", async () => {
    expect(detailsFor([await identityToRecipient(await generateIdentity())])).toEqual([]);
    expect(detailsFor([await identityToRecipient(await generateHybridIdentity())])).toEqual([]);
  });

  it.each([
    ["with a wrong character", KEY.replace("dvcv", "dvcd"), "a character is wrong or missing"],
    ["cut short", KEY.slice(0, -1), "a character is wrong or missing"],
    ["in upper case", KEY.toUpperCase(), "must be in lower case"],
    ["with white space", ` ${KEY}`, "has white space around it"],
    ["of SSH", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA", "is an SSH key"],
    ["that is anything else", "alice@example.com", "is no age public key: those start with age1"],
    ["of a plugin", "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t", "plugin"],
  ])("refuse a key %s", (_, recipient, detail) => {
    expect(detailsFor([recipient]).join()).toContain(detail);
  });

  it("name the key that is there twice", () => {
    expect(detailsFor([KEY, KEYS[1], KEY])).toEqual([
      "databases.app.backup.encryption.age.recipients[2] is the same key as databases.app.backup.encryption.age.recipients[0]",
    ]);
  });

  it("must not mix classic and post-quantum keys, which would lose what the latter promise", async () => {
    const hybrid = await identityToRecipient(await generateHybridIdentity());
    expect(detailsFor([hybrid, KEY]).join()).toContain("recipients[1] is a classic key beside age1pq1 keys");
  });

  it("are to be filled in where the placeholder of a new file stands", () => {
    expect(detailsFor([RECIPIENT_PLACEHOLDER]).join()).toContain("recipients[0] is still the placeholder");
  });
});
