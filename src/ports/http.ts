/** Asks a URL. */
export interface Http {
  /** The status of the answer to one GET, redirects followed. Throws HTTP_UNREACHABLE when none came in time. */
  status(url: string, signal: AbortSignal): Promise<number>;
}
