import type { Decrypter, Encrypter } from "age-encryption";
import type { Secret } from "../../model/secret.ts";
import type { OpeningKeys, SealingKey } from "../../ports/cipher.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import { passphraseIdentity, type passphraseKeys, passphraseRecipient } from "./passphrase.ts";

type PassphraseKeys = ReturnType<typeof passphraseKeys>;

/** No age file that people make comes near: a post-quantum recipient takes 1.6 kB. */
const MOST_HEADER_BYTES = 1024 * 1024;
const INTRO = "age-encryption.org/v1\n";
const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";

export interface SealedHeader {
  readonly header: Uint8Array;
  readonly fileKey: Uint8Array;
}

/** A new file key, wrapped for the key; CONFIG_INVALID when one is no recipient, there is none, or classic ones meet post-quantum ones. */
export async function sealHeader(key: SealingKey, keys: PassphraseKeys): Promise<SealedHeader> {
  const { Encrypter, Stanza } = await import("age-encryption");
  const encrypter = new Encrypter();
  let fileKey: Uint8Array | undefined;
  encrypter.addRecipient({
    wrapFileKey(given) {
      fileKey = Uint8Array.from(given);
      return [];
    },
  });
  if ("passphrase" in key) {
    const stanza = (args: string[], body: Uint8Array) => new Stanza(args, body);
    encrypter.addRecipient(passphraseRecipient(key.passphrase, keys, stanza));
  } else {
    addRecipients(encrypter, key.recipients);
  }
  const empty = await encrypter.encrypt(new Uint8Array(0));
  if (fileKey === undefined) throw new Error("age-encryption asked no recipient"); // escapes as INTERNAL
  return { header: empty.subarray(0, empty.length - 32), fileKey }; // cut: its nonce and its one empty chunk
}

/** How many bytes at the start are the header; null while its end has not come yet; CIPHER_FAILED when it is no age file. */
export function headerLength(start: Buffer): number | null {
  const begin = start.subarray(0, INTRO.length).toString("latin1");
  if (!INTRO.startsWith(begin)) {
    const isArmored = start.toString("latin1", 0, ARMOR.length) === ARMOR.slice(0, start.length);
    fail(
      "CIPHER_FAILED",
      isArmored ? "it is an armored age file, dbops reads binary ones" : "it is no age file",
    );
  }
  const macLine = start.indexOf("\n--- ");
  const end = macLine === -1 ? -1 : start.indexOf("\n", macLine + 1);
  if (end !== -1) return end + 1;
  if (start.length > MOST_HEADER_BYTES) fail("CIPHER_FAILED", "its age header has no end");
  return null;
}

/** The file key; IDENTITY_MISSING when no key fits, CIPHER_FAILED when the header is malformed or was changed. */
export async function openHeader(
  header: Buffer,
  keys: OpeningKeys,
  derive: PassphraseKeys,
): Promise<Uint8Array> {
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  const unusable = addIdentities(decrypter, keys.identities);
  if (keys.passphrase !== undefined) decrypter.addIdentity(passphraseIdentity(keys.passphrase, derive));
  let isUnmatched = false;
  decrypter.addIdentity({
    unwrapFileKey() {
      isUnmatched = true; // asked last, and only when no other one fitted
      return null;
    },
  });
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    if (error instanceof DbopsError) throw error;
    if (!isUnmatched) fail("CIPHER_FAILED", `its age header is damaged: ${messageOf(error)}`);
    return refuse(header, keys, unusable);
  }
}

function addRecipients(encrypter: Encrypter, recipients: readonly string[]): void {
  if (recipients.length === 0) fail("CONFIG_INVALID", "age encryption has no recipient");
  const postQuantum = recipients.filter((one) => /^age1(tag)?pq1/.test(one));
  if (postQuantum.length > 0 && postQuantum.length < recipients.length) {
    fail("CONFIG_INVALID", "classic recipients stand beside post-quantum ones, which makes these worthless");
  }
  for (const one of recipients) addRecipient(encrypter, one);
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient);
  } catch (cause) {
    fail("CONFIG_INVALID", `${recipient} is no age recipient: ${messageOf(cause)}`, { cause });
  }
}

/** Adds those that can be read, returns how many cannot: another one may still open the file. */
function addIdentities(decrypter: Decrypter, identities: readonly Secret[]): number {
  let unusable = 0;
  for (const one of identities) {
    try {
      decrypter.addIdentity(one.reveal());
    } catch {
      unusable += 1; // the message may hold the key itself
    }
  }
  return unusable;
}

function refuse(header: Buffer, keys: OpeningKeys, unusable: number): never {
  const kinds = [...header.toString("latin1").matchAll(/^-> (\S+)/gm)].map((match) => match[1] ?? "");
  const usable = keys.identities.length - unusable;
  const had = [
    usable === 1 ? "1 age identity" : `${usable} age identities`,
    ...(unusable === 0 ? [] : [`${unusable} that cannot be read`]),
    ...(keys.passphrase === undefined ? [] : ["a passphrase"]),
  ];
  const isPassphrase = kinds.includes("scrypt");
  fail("IDENTITY_MISSING", `it is encrypted for ${describeKinds(kinds)}; tried ${had.join(", ")}`, {
    fix: isPassphrase
      ? "give the passphrase that it was encrypted with"
      : "name the file of the right identity under identities in the environment file",
  });
}

/** `2 × X25519, 1 × scrypt (a passphrase)`. */
function describeKinds(kinds: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = sorted.map(([kind, n]) => `${n} × ${kind}${kind === "scrypt" ? " (a passphrase)" : ""}`);
  return texts.length === 0 ? "nobody" : texts.join(", ");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
