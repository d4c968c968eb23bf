import { readdirSync, readFileSync } from "node:fs";
import type { Cluster } from "./postgres-cluster.ts";

/** The processes on this machine that dbops started for a cluster, told by their environment. */
export function programsOf(cluster: Cluster): readonly { readonly pid: number; readonly argv: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const env = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        if (!env.includes("PGAPPNAME=dbops") || !env.includes(`PGPORT=${cluster.port}`)) return [];
        const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return [{ pid: Number(pid), argv }];
      } catch {
        return []; // ended meanwhile, or somebody else's
      }
    });
}
