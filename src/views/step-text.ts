import type { Compression } from "../model/environment.ts";
import type { LoadStep, SwapStep } from "../model/restore-steps.ts";
import type { Step } from "../model/step.ts";
import { actionOf, backupOf } from "../plan/describe.ts";
import { printable } from "./printable.ts";
import { bytesText, countText } from "./quantities.ts";

/** A step in one printable line: what it does, and the settings that a reviewer looks for. */
export function stepText(step: Step): string {
  return printable([actionOf(step), ...settingsOf(step)].join(", "));
}

function settingsOf(step: Step): readonly string[] {
  switch (step.kind) {
    case "dump":
      return [
        ...(step.format === "sql" ? ["as SQL"] : []),
        compressionText(step.compression),
        ...(step.counts === "exact" ? ["counting every row"] : []),
      ];
    case "encrypt":
      return [sealingText(step.sealing)];
    case "upload":
      return [
        ...(step.estimatedBytes > 0 ? [`database of ${bytesText(step.estimatedBytes)}`] : []),
        ...(step.hold === null ? [] : [`held as ${step.hold}`]),
      ];
    case "verify":
      return verifySettings(step);
    case "hold":
      return step.reason === null ? [] : [step.reason];
    case "load":
      return loadSettings(step);
    case "swap":
      return swapSettings(step);
    case "drop":
      return [
        step.expect.backup === null
          ? "without a backup of it"
          : `counting on ${backupOf(step.database, step.expect.backup)}`,
      ];
    case "copy":
    case "prune":
    case "download":
    case "decrypt":
    case "create":
    case "analyze":
    case "sanitize":
      return [];
  }
}

function verifySettings(step: Extract<Step, { kind: "verify" }>): readonly string[] {
  switch (step.type) {
    case "backup":
    case "classic":
      return step.deep ? ["opening it"] : [];
    case "database":
      return step.checks.length === 0 ? [] : [countText(step.checks.length, "declared check")];
    case "http":
      return [];
  }
}

function swapSettings({ type, lostSlots }: SwapStep): readonly string[] {
  if (lostSlots.length === 0) return [];
  const slots = lostSlots.join(", ");
  return [
    type === "database"
      ? `losing the replication slots ${slots}`
      : `sending what is loaded to the replication slots ${slots}`,
  ];
}

function loadSettings({ format, jobs, skip, tolerate, tablespaces }: LoadStep): readonly string[] {
  return [
    format === "sql" ? "as SQL" : countText(jobs, "job"),
    ...(tablespaces === "ignore" ? ["all into the database's own tablespace"] : []),
    ...(skip.length === 0 ? [] : [`leaving out ${countText(skip.length, "entry", "entries")}`]),
    ...(tolerate.length === 0 ? [] : [`tolerating ${countText(tolerate.length, "failure")}`]),
  ];
}

function compressionText(compression: Compression): string {
  if (compression === "none") return "not compressed";
  return "gzip" in compression ? `gzip ${compression.gzip}` : `zstd ${compression.zstd}`;
}

function sealingText(sealing: Extract<Step, { kind: "encrypt" }>["sealing"]): string {
  if (sealing === "none") return "not encrypted";
  if (sealing === "age-passphrase") return "age to a passphrase";
  if (sealing === "openssl-passphrase") return "openssl AES-256 to a passphrase";
  return `age to ${countText(sealing.age.recipients.length, "recipient")}`;
}
