import type { Readable } from "node:stream";
import type { Secret } from "../model/secret.ts";

/**
 * What `openssl enc -AES256 -k KEY` writes and `openssl enc -d -AES256 -k KEY` opens (OpenSSL 1.1 and later), which the runbook's files are
 * sealed with; constant memory. Nothing in that format authenticates: what comes out of `decrypt` counts only when the
 * content itself proves whole.
 */
export interface ClassicCipher {
  /** The encrypted stream; an error of `body` destroys it, so that it never ends well on half an input. */
  encrypt(body: Readable, passphrase: Secret): Readable;

  /**
   * The plain stream; errors with CIPHER_FAILED where the header, the length or the padding at the end is not right. Where it began
   * with `startsAs`, the passphrase is the right one: then a wrong length or padding is OBJECT_DAMAGED.
   */
  decrypt(body: Readable, passphrase: Secret, startsAs?: Buffer): Readable;
}
