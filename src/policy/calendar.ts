import { type Instant, msOf } from "../model/instant.ts";

const DAY_MS = 86_400_000;

/** The UTC day of an instant, `2026-11-24`. */
export function dayOf(at: Instant): string {
  return at.slice(0, 10);
}

/** The ISO 8601 week of an instant, `2026-W48`: it belongs to the year of its Thursday. */
export function weekOf(at: Instant): string {
  const midnightMs = Math.floor(msOf(at) / DAY_MS) * DAY_MS;
  const weekday = (new Date(midnightMs).getUTCDay() + 6) % 7; // Monday is 0
  const thursday = new Date(midnightMs + (3 - weekday) * DAY_MS);
  const firstMs = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = Math.floor((thursday.getTime() - firstMs) / DAY_MS / 7) + 1;
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, "0")}`;
}

/** The UTC month of an instant, `2026-11`. */
export function monthOf(at: Instant): string {
  return at.slice(0, 7);
}

/** The UTC year of an instant. */
export function yearOf(at: Instant): string {
  return at.slice(0, 4);
}

const UNITS = [
  ["d", DAY_MS],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

/** A duration as environment files write it: the largest unit that divides it, `2d`, `36h`. */
export function renderDuration(ms: number): string {
  const unit = UNITS.find(([, size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}
