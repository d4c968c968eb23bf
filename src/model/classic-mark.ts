/** What dbops noted of a file of the runbook's layout that it wrote, in the origin marker beside it. */
export interface ClassicMark {
  readonly bytes: number;
  readonly sha256: string;
}

/** The content of the origin marker: what the file is must be known without reading it, as a manifest tells it of an archive. */
export function renderClassicMark({ bytes, sha256 }: ClassicMark): string {
  return `${JSON.stringify({ formatVersion: 1, bytes, sha256 })}\n`;
}

/** The mark in a text; null when it is none. */
export function parseClassicMark(text: string): ClassicMark | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const { bytes, sha256 } = value as Partial<ClassicMark>; // both members are checked
    return typeof bytes === "number" && typeof sha256 === "string" ? { bytes, sha256 } : null;
  } catch {
    return null;
  }
}
