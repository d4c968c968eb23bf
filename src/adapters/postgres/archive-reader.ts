import type { ArchiveReader } from "../../ports/archive-reader.ts";
import { chunksOf } from "../store-wrappers/abortable-body.ts";
import { readArchiveHead } from "./load/archive-head.ts";
import { parseArchiveList } from "./load/archive-list.ts";
import { majorOf } from "./load/restore-tool.ts";
import { findTool } from "./tools.ts";

/** pg_restore -l on the head of a stream. */
export function archiveReader(env: NodeJS.ProcessEnv = process.env): ArchiveReader {
  return {
    async entriesOf(archive, madeBy, signal) {
      archive.on("error", () => undefined); // told by the loop that reads it
      try {
        const tool = await findTool("pg_restore", majorOf(madeBy), env, signal);
        const head = await readArchiveHead(chunksOf(archive, signal), { tool, env }, signal);
        return parseArchiveList(head.list);
      } finally {
        archive.destroy();
      }
    },
  };
}
