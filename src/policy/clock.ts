import { type Instant, msOf } from "../model/instant.ts";

/** How far a backup may be dated after the clock of the store that has it. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** True for a backup dated later than its store's clock and 5 minutes: one of the two clocks is wrong. */
export function isDatedAhead(at: Instant, storeClockAt: Instant): boolean {
  return msOf(at) > msOf(storeClockAt) + CLOCK_TOLERANCE_MS;
}
