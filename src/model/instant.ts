/** An instant in UTC as ISO 8601 with milliseconds, `2026-11-24T01:00:00.000Z`; microseconds where a server gave them. */
export type Instant = string;

/** An instant as it stands in names, `20261124_010000`: UTC, whole seconds. */
export type Stamp = string;

const STAMP = /^(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})$/;

/** Milliseconds since the epoch; NaN when the text is no instant. */
export function msOf(at: Instant): number {
  return Date.parse(at);
}

/** The instant at so many milliseconds since the epoch. */
export function instantOf(ms: number): Instant {
  return new Date(ms).toISOString();
}

/** The stamp of an instant, rounded *up* to the next whole second, so that a name is never before its content. */
export function stampOf(at: Instant): Stamp {
  const micros = /\.\d{3}0*[1-9]\d*Z$/.test(at) ? 1 : 0; // Date.parse drops what is below a millisecond
  const seconds = Math.ceil((msOf(at) + micros) / 1000);
  return instantOf(seconds * 1000)
    .slice(0, 19)
    .replaceAll(/[-:]/g, "")
    .replace("T", "_");
}

/** The instant that a stamp names, or null when the text is no stamp or no date of the calendar. */
export function parseStamp(text: string): Instant | null {
  const parts = STAMP.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const at = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const ms = msOf(at);
  return Number.isNaN(ms) || instantOf(ms) !== at ? null : at;
}
