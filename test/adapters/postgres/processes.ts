import { readdirSync, readFileSync } from "node:fs";

export interface Child {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** The living child processes of this process, from /proc. */
export function children(): Child[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        if (Number(parent) !== process.pid || state === "Z") return [];
        const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
        return [{ pid: Number(pid), argv }];
      } catch {
        return []; // ended meanwhile
      }
    });
}

/** The one child whose arguments hold this text. */
export function childWith(text: string): Child {
  const found = children().filter((one) => one.argv.some((argument) => argument.includes(text)));
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} children with ${text}`);
  return only;
}
