import { chmod, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "./postgres-cluster.ts";

/** What bash does instead of a program of PostgreSQL; in it `real` is the real one, with the arguments in "$@". */
export type Replacements = Readonly<Partial<Record<"pg_dump" | "pg_dumpall", string>>>;

/** A folder for DBOPS_PG_BINDIR: PostgreSQL's own programs but for those. They answer --version as the real ones do. */
export async function toolsWith(cluster: Cluster, folder: string, replaced: Replacements): Promise<string> {
  const bin = await mkdtemp(join(folder, "bin-"));
  for (const tool of ["pg_dump", "pg_dumpall", "pg_restore"] as const) {
    const script = tool === "pg_restore" ? undefined : replaced[tool];
    const real = join(cluster.binFolder, tool);
    if (script === undefined) {
      await symlink(real, join(bin, tool));
      continue;
    }
    const head = `#!/bin/bash\nreal='${real}'\nif [ "$1" = --version ]; then ${script.startsWith("version ") ? `echo "${tool} (PostgreSQL) ${script.slice(8)}"` : "$real --version"}; exit 0; fi\n`;
    await writeFile(join(bin, tool), `${head}${script}\n`);
    await chmod(join(bin, tool), 0o755);
  }
  return bin;
}

/**
 * The real pg_dump whose output stops flowing after 100 KiB until a file appears: what is larger than all buffers is then
 * in the middle of its COPY for as long as a test needs. What holds it back is no program that dbops started: it has another
 * environment, and may outlive pg_dump for a moment.
 */
export function stalledUntil(file: string): string {
  const hold = `dd bs=1k count=100 iflag=fullblock status=none; until [ -e "$0" ]; do sleep 0.02; done; exec cat`;
  return `exec $real "$@" > >(exec env -i PATH="$PATH" sh -c '${hold}' '${file}')`;
}
