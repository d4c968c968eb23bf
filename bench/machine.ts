import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

/** One line a fact: what the figures of this run depend on. */
export function describeMachine(serverBinFolder: string): readonly string[] {
  const [first] = cpus();
  const memory = (totalmem() / 1024 ** 3).toFixed(0);
  return [
    `${cpus().length} cores of ${first?.model ?? "an unknown processor"}, ${memory} GiB of memory`,
    `${systemName()}, kernel ${release()}`,
    [
      `Node ${process.versions.node}`,
      firstLine(`${serverBinFolder}/postgres`, "--version"),
      firstLine("zstd", "--version")
        .replace(/^\W*/, "")
        .replace(/, by.*$/, ""),
      firstLine("gzip", "--version"),
      firstLine("openssl", "version").replace(/ \d+ \w+ \d{4}.*$/, ""),
    ].join(", "),
  ];
}

/** The load of the last minute, to say so when something else was running. */
export function load(): number {
  return Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]);
}

function systemName(): string {
  const line = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"));
  return line?.[1] ?? "Linux";
}

function firstLine(program: string, argument: string): string {
  return execFileSync(program, [argument], { encoding: "utf8" }).split("\n")[0] ?? "";
}
