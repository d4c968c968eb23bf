const MINUTE_MS = 60_000;
const UNITS_MS = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: 1440 * MINUTE_MS, w: 10_080 * MINUTE_MS } as const;

export const DAY_MS = UNITS_MS.d;

/** Milliseconds of `90m`, `12h`, `30d` or `2w`; NaN for any other text. */
export function parseDuration(text: string): number {
  const parts = /^([1-9]\d{0,4})([mhdw])$/.exec(text);
  const unit = Object.entries(UNITS_MS).find(([name]) => name === parts?.[2]);
  return parts === null || unit === undefined ? Number.NaN : Number(parts[1]) * unit[1];
}

/** What was probably meant by something that is no duration, written as one; null when that cannot be told. */
export function nearestDuration(value: unknown): string | null {
  const parts = /^\s*(\d{1,5})\s*([A-Za-z]+)\s*$/.exec(typeof value === "string" ? value : "");
  const count = Number(parts?.[1] ?? 0);
  const unit = parts?.[2] ?? "";
  if (count === 0) return null;
  const known = SPELLINGS.find(([pattern]) => pattern.test(unit));
  return known === undefined ? null : `${count * known[1]}${known[2]}`;
}

const SPELLINGS: readonly (readonly [RegExp, number, string])[] = [
  [/^(m|mins?|minutes?)$/, 1, "m"],
  [/^(h|hrs?|hours?)$/i, 1, "h"],
  [/^(d|days?)$/i, 1, "d"],
  [/^(w|wks?|weeks?)$/i, 1, "w"],
  [/^(M|mo|mon|months?)$/, 30, "d"],
  [/^(y|yrs?|years?)$/i, 365, "d"],
];
