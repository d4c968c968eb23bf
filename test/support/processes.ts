import { readdirSync, readFileSync } from "node:fs";

export interface LivingProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** The living processes below one process, however deep, from /proc. */
export function descendantsOf(pid: number): readonly LivingProcess[] {
  const all = livingProcesses();
  const below = (parent: number): readonly (LivingProcess & { parent: number })[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(pid);
}

/** True while a process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  return livingProcesses().some((one) => one.pid === pid);
}

function livingProcesses(): readonly (LivingProcess & { parent: number })[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        if (state === "Z" || state === "X") return [];
        const argv = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").slice(0, -1);
        return [{ pid: Number(name), parent: Number(parent), argv }];
      } catch {
        return []; // ended meanwhile
      }
    });
}
