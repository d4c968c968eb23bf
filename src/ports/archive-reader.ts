import type { Readable } from "node:stream";
import type { ArchiveEntry } from "../model/archive-contents.ts";

/** Reads the table of contents out of the head of an archive, and no more of it than that needs. */
export interface ArchiveReader {
  /**
   * The entries in the archive's order. Destroys the stream when it has seen enough. `madeBy` is the version line of the
   * pg_dump that wrote it. OBJECT_DAMAGED when it is no archive, TOOL_MISSING when no pg_restore can read it.
   */
  entriesOf(archive: Readable, madeBy: string, signal: AbortSignal): Promise<readonly ArchiveEntry[]>;
}
