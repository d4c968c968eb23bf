import { readFileSync, readlinkSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import type { Host, ProcessIdentity } from "../ports/host.ts";

/** This process on this host, as far as the kernel tells; where it does not, no process is ever called dead. */
export function thisHost(): Host {
  const boot = bootOf();
  const host = hostname();
  const started = startOf(process.pid) ?? "unknown";
  return {
    actor: `${userName()}@${host}`,
    process: { host, boot, pid: process.pid, started },
    mayBeAlive: (other) => mayBeAlive(other, { host, boot }),
  };
}

function mayBeAlive(other: ProcessIdentity, here: { host: string; boot: string }): boolean {
  const same = other.host === here.host && other.boot === here.boot && here.boot !== "unknown";
  if (!same || other.started === "unknown") return true;
  return startOf(other.pid) === other.started;
}

/** Boot id and process id namespace: two containers of one machine share the first, not the second. */
function bootOf(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}/${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "unknown";
  }
}

/** Field 22 of /proc/PID/stat (proc(5)): start time in clock ticks since boot; null when there is no such process. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the name in parentheses, may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`; // a container's user need not have a name
  }
}
