import type { Step } from "../model/step.ts";
import { actionOf } from "../plan/describe.ts";
import { printable } from "./printable.ts";
import { bytesText, countText } from "./quantities.ts";

/** A step in one printable line: what it does, and the settings that a reviewer looks for. */
export function stepText(step: Step): string {
  return printable([actionOf(step), ...settingsOf(step)].join(", "));
}

function settingsOf(step: Step): readonly string[] {
  switch (step.kind) {
    case "dump":
      return [step.compression === "none" ? "not compressed" : `zstd ${step.compression.zstd}`];
    case "encrypt":
      return [sealingText(step.sealing)];
    case "upload":
      return [
        ...(step.estimatedBytes > 0 ? [`database of ${bytesText(step.estimatedBytes)}`] : []),
        ...(step.hold === null ? [] : [`held as ${step.hold}`]),
      ];
    case "verify":
      return step.deep ? ["opening it"] : [];
    case "hold":
      return [`hold ${step.hold}`, ...(step.reason === null ? [] : [step.reason])];
    case "copy":
    case "prune":
      return [];
  }
}

function sealingText(sealing: Extract<Step, { kind: "encrypt" }>["sealing"]): string {
  if (sealing === "none") return "not encrypted";
  if (sealing === "age-passphrase") return "age to a passphrase";
  return `age to ${countText(sealing.age.recipients.length, "recipient")}`;
}
