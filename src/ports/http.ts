/** Asks a URL. */
export interface Http {
  /** Until a URL whose answer was no good one is asked again. */
  readonly pauseMs: number;
  /** The status of the answer to one GET, redirects followed. Throws HTTP_UNREACHABLE when none came in time. */
  status(url: string, signal: AbortSignal): Promise<number>;
}
