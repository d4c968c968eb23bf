import { readdirSync, readFileSync } from "node:fs";

export interface LivingProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** The living processes below one process, however deep, from /proc; cheap enough to look again and again. */
export function descendantsOf(pid: number): readonly LivingProcess[] {
  return childrenOf(pid).flatMap((child) => {
    if (!isAlive(child)) return [];
    const argv = textOf(`/proc/${child}/cmdline`).split("\0").slice(0, -1);
    return [{ pid: child, argv }, ...descendantsOf(child)];
  });
}

/** True while a process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  const stat = textOf(`/proc/${pid}/stat`);
  const state = stat[stat.lastIndexOf(")") + 2];
  return state !== undefined && state !== "Z" && state !== "X";
}

/** A process can be the child of any thread of its parent. */
function childrenOf(pid: number): readonly number[] {
  return threadsOf(pid).flatMap((thread) =>
    textOf(`/proc/${pid}/task/${thread}/children`)
      .split(" ")
      .flatMap((one) => (one === "" ? [] : [Number(one)])),
  );
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // ended meanwhile
  }
}

/** Empty when the process has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
