import { type Instant, instantOf, msOf } from "../model/instant.ts";

const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A size in binary units, `412.0 MiB`; below one KiB in bytes, `512 B`. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  let value = bytes;
  let unit: string = "B";
  for (const next of UNITS) {
    if (value < 1023.95) break;
    value /= 1024;
    unit = next;
  }
  return `${value.toFixed(1)} ${unit}`;
}

/** `41.0 MiB/s`. */
export function rateText(bytesPerSecond: number): string {
  return `${bytesText(bytesPerSecond)}/s`;
}

/** The two largest units of a duration, `2 d 4 h`, `1 min 5 s`; below ten seconds with tenths, `3.2 s`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes === 0) return `${whole} s`;
  const hours = Math.floor(minutes / 60);
  if (hours === 0) return `${minutes} min ${whole % 60} s`;
  const days = Math.floor(hours / 24);
  if (days === 0) return `${hours} h ${minutes % 60} min`;
  return `${days} d ${hours % 24} h`;
}

/** How old something is, in minutes at the finest: `2 d 4 h`, `1 h 5 min`, `12 min`. */
export function ageText(ms: number): string {
  if (ms < 0) return `${ageText(-ms)} ahead`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes === 0) return "under 1 min";
  return minutes < 60 ? `${minutes} min` : durationText(minutes * 60_000);
}

/** `2026-11-24 01:00:00 UTC`; what is no instant comes back as it is. */
export function timeText(at: Instant): string {
  const ms = msOf(at);
  return Number.isNaN(ms) ? at : `${instantOf(ms).slice(0, 19).replace("T", " ")} UTC`;
}

/** `1 step`, `2 steps`. */
export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
