/** What a text gives away, as a noun with its article; null when it holds no secret that can be told from its form. */
export function plainSecretIn(text: string): string | null {
  if (/AGE-(SECRET-KEY|PLUGIN)-/i.test(text)) return "an age private key";
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(text)) return "a private key";
  if (/:\/\/[^\s/@:]*:[^\s@]+@/.test(text)) return "a URL with a password";
  if (/(^|[\s?&])password\s*=\s*\S/i.test(text)) return "a password";
  return null;
}

/** True when a text must not be repeated in a message. */
export function isPlainSecret(text: string): boolean {
  return plainSecretIn(text) !== null;
}
