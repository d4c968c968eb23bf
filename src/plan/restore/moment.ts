import { type Instant, instantOf } from "../../model/instant.ts";

/** A moment that a person gave, as precise as a server's clock is. */
export interface Moment {
  /** In UTC, with microseconds where it has any. */
  readonly at: Instant;
  /** Microseconds since the epoch; what is finer is cut off, which changes no comparison with a server's clock. */
  readonly micros: bigint;
}

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** Parses an RFC 3339 instant, which has an offset or Z; null for anything else, 30 February and leap seconds included. */
export function parseMoment(text: string): Moment | null {
  const parts = RFC_3339.exec(text);
  if (parts === null) return null;
  const [, date, time, fraction = "", sign, hours = "0", minutes = "0"] = parts;
  const written = `${date}T${time}.000Z`;
  const ms = Date.parse(written);
  if (Number.isNaN(ms) || instantOf(ms) !== written) return null;
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === "-" ? -1 : 1);
  const seconds = BigInt(ms - offsetMs) * 1000n;
  return momentOf(seconds + BigInt(fraction.slice(0, 6).padEnd(6, "0")));
}

/** True when a snapshot was taken at or before a moment, to the microsecond. */
export function isAtOrBefore(snapshotAt: Instant, moment: Moment): boolean {
  return microsOf(snapshotAt) <= moment.micros;
}

/** Microseconds since the epoch. */
export function microsOf(at: Instant): bigint {
  const fraction = /\.(\d+)/.exec(at)?.[1] ?? "";
  const whole = at.replace(/\.\d+/, "");
  return BigInt(Date.parse(whole)) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, "0"));
}

/** As people read it, as fine as it is: `2025-01-18 01:00:00.4 UTC`. */
export function renderMoment(at: Instant): string {
  const fraction = /\.(\d+)Z$/.exec(at)?.[1]?.replace(/0+$/, "") ?? "";
  return `${at.slice(0, 10)} ${at.slice(11, 19)}${fraction === "" ? "" : `.${fraction}`} UTC`;
}

function momentOf(micros: bigint): Moment {
  const below = ((micros % 1000n) + 1000n) % 1000n; // also before 1970
  const at = instantOf(Number((micros - below) / 1000n));
  return { micros, at: below === 0n ? at : at.replace("Z", `${String(below).padStart(3, "0")}Z`) };
}
