import type { Readable } from "node:stream";

/** pg_restore's own reading of an archive. */
export interface ArchiveLister {
  /**
   * Counts the entries of the archive's table of contents. Reads the stream to its end, also where pg_restore needs only
   * its head. `madeBy` is the version line of the pg_dump that wrote it: an older pg_restore could not read it.
   * Throws OBJECT_DAMAGED when pg_restore cannot read it, TOOL_MISSING when there is none.
   */
  countEntries(archive: Readable, madeBy: string, signal: AbortSignal): Promise<number>;
}
