import type { Instant } from "../model/instant.ts";

/** This host's clock. Never used to date a backup or to decide that a lock has expired. */
export interface Clock {
  now(): Instant;
  /** Resolves after so many milliseconds; rejects with the signal's reason. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
