/** What stands in a new environment file where the public key belongs. */
export const RECIPIENT_PLACEHOLDER = "age1-put-your-public-key-here";

/** Whether a text is an age public key; `why` says what is wrong with it and does not repeat it. */
export type RecipientVerdict =
  | { readonly state: "classic" | "post-quantum" }
  | { readonly state: "placeholder" }
  | { readonly state: "refused"; readonly why: string };

/**
 * Judges one recipient by its form: prefix, length and Bech32 checksum (BIP 173, without its limit of 90 characters).
 * X25519 keys are `age1…` with 32 bytes, ML-KEM-768 with X25519 `age1pq1…` with 1,216.
 */
export function judgeRecipient(text: string): RecipientVerdict {
  if (text === RECIPIENT_PLACEHOLDER) return { state: "placeholder" };
  if (/^ssh-/.test(text)) return refused("is an SSH key; dbops encrypts to age keys only");
  if (text.trim() !== text) return refused("has white space around it");
  if (!text.toLowerCase().startsWith("age1")) return refused("is no age public key: those start with age1");
  if (text !== text.toLowerCase()) return refused("must be in lower case");
  const decoded = decodeBech32(text);
  if (decoded === null)
    return refused("is no age public key: a character is wrong or missing (its checksum fails)");
  if (decoded.prefix === "age" && decoded.bytes === 32) return { state: "classic" };
  if (decoded.prefix === "age1pq" && decoded.bytes === 1216) return { state: "post-quantum" };
  if (decoded.prefix === "age" || decoded.prefix === "age1pq")
    return refused("is no age public key: its length is wrong");
  return refused("needs a plugin of age; those are not supported yet");
}

function refused(why: string): RecipientVerdict {
  return { state: "refused", why };
}

const CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const CHECKSUM_LENGTH = 6;

function decodeBech32(text: string): { prefix: string; bytes: number } | null {
  const separator = text.lastIndexOf("1");
  const prefix = text.slice(0, separator);
  const words = [...text.slice(separator + 1)].map((character) => CHARSET.indexOf(character));
  if (prefix === "" || words.length < CHECKSUM_LENGTH || words.includes(-1)) return null;
  if (polymod([...expanded(prefix), ...words]) !== 1) return null;
  const bits = (words.length - CHECKSUM_LENGTH) * 5;
  return { prefix, bytes: Math.floor(bits / 8) };
}

function expanded(prefix: string): number[] {
  const codes = [...prefix].map((character) => character.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function polymod(values: readonly number[]): number {
  let checksum = 1;
  for (const value of values) {
    const top = checksum >> 25;
    checksum = ((checksum & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of GENERATORS.entries()) if ((top >> bit) & 1) checksum ^= generator;
  }
  return checksum;
}
