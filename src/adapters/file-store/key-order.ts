/** The order of a listing: UTF-8 bytes. JavaScript's own order of strings differs beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  if (isPlain(a) && isPlain(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Without surrogates both orders are the same. */
function isPlain(text: string): boolean {
  return !/[\ud800-\udfff]/.test(text);
}
