import { Secret } from "../../model/secret.ts";

/** The identities of a key file as age-keygen writes it: one a line, comments and blank lines left out. */
export function splitIdentities(file: Secret): readonly Secret[] {
  return file
    .reveal()
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => new Secret(line));
}
