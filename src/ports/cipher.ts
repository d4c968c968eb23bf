import type { Readable } from "node:stream";
import type { Secret } from "../model/secret.ts";

/** The age file format (https://age-encryption.org/v1), to recipients or a passphrase; constant memory. */
export interface Cipher {
  /** The encrypted stream; an error of `body` destroys it, so that it never ends well on half an input. */
  encrypt(body: Readable, key: SealingKey): Readable;

  /** The plain stream; errors with CIPHER_FAILED when a chunk does not authenticate or the last chunk is missing. */
  decrypt(body: Readable, keys: OpeningKeys): Readable;
}

export type SealingKey = { readonly recipients: readonly string[] } | { readonly passphrase: Secret };

export interface OpeningKeys {
  /** `AGE-SECRET-KEY-1…` each; comments and blank lines of a key file are already gone. */
  readonly identities: readonly Secret[];
  readonly passphrase?: Secret;
}
