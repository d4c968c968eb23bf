// C0 and C1 controls, DEL, line and paragraph separators, and the marks that turn the direction of text around.
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** One line that a terminal shows as it is: what would move a cursor, hide or reorder text is spelled out. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (found) => SHORT[found] ?? spelled(found));
}

/** The lines of a text, each of them printable; a text may have lines of its own, a name may not. */
export function printableLines(text: string): readonly string[] {
  return text
    .replace(/\s+$/, "")
    .split(/\r?\n/)
    .map((line) => printable(line.replaceAll("\t", "  ")));
}

function spelled(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
