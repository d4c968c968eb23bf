import type { BackupReference, PruneTarget, Step } from "../model/step.ts";
import { bytesText, countText, timeText } from "./quantities.ts";

/** A step in one line, for people. */
export function stepText(step: Step): string {
  switch (step.kind) {
    case "dump":
      return `dump ${step.database}${step.compression === "none" ? "" : `, zstd ${step.compression.zstd}`}`;
    case "encrypt":
      return sealingText(step.sealing);
    case "upload":
      return `write to ${step.store}${step.estimatedBytes > 0 ? `, database of ${bytesText(step.estimatedBytes)}` : ""}${
        step.hold === null ? "" : `, held as ${step.hold}`
      }`;
    case "copy":
      return `copy ${backupText(step.backup)} from ${step.from} to ${step.to}`;
    case "verify":
      return `verify ${backupText(step.backup)} in ${step.store}${step.deep ? ", opening it" : ""}`;
    case "prune":
      return `delete ${targetText(step.target)} from ${step.store}`;
    case "hold":
      return step.action === "place"
        ? `hold ${backupText(step.backup)} in ${step.store} as ${step.hold}`
        : `release hold ${step.hold} of ${backupText(step.backup)} in ${step.store}`;
  }
}

function sealingText(sealing: Extract<Step, { kind: "encrypt" }>["sealing"]): string {
  if (sealing === "none") return "not encrypted";
  if (sealing === "age-passphrase") return "encrypt with age to a passphrase";
  return `encrypt with age to ${countText(sealing.age.recipients.length, "recipient")}`;
}

function backupText(backup: BackupReference): string {
  return "existing" in backup ? backup.existing : "the new backup";
}

function targetText(target: PruneTarget): string {
  switch (target.type) {
    case "backup":
      return target.name;
    case "leftover":
      return `what is left of ${target.name}`;
    case "upload":
      return `the upload of ${target.key} that was begun ${timeText(target.startedAt)}`;
    case "orphan":
      return `orphaned ${target.name}`;
  }
}
