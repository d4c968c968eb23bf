import { inspect } from "node:util";

/** Where a secret is kept; the secret itself never stands in a file that dbops reads as configuration. */
export type SecretSource =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly string[] };

const REDACTED = "[secret]";

/** A resolved secret: printing it in any way gives a redaction; only an adapter calls `reveal`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Only for an adapter that hands it to its own protocol. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
