/** Rows, large objects and positions of sequences: what nobody can make again by hand. Given the whole line of an archive's entry. */
export function isDataEntry(text: string): boolean {
  return /^\d+ \d+ (?:TABLE DATA|BLOBS|BLOB DATA|SEQUENCE SET) /.test(text);
}
