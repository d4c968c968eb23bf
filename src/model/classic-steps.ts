import type { BackupReference, StepBase } from "./step.ts";

/** Action: the runbook's file against the checksum beside it; `deep` also opens it and reads the dump to its trailer. */
export interface VerifyClassicStep extends StepBase {
  readonly kind: "verify";
  readonly type: "classic";
  readonly backup: BackupReference;
  readonly store: string;
  /** Needs the passphrase of the runbook's files. */
  readonly deep: boolean;
}
