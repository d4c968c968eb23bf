import { sha256 } from "../model/canonical.ts";
import type { EncryptStep } from "../model/step.ts";
import type { SealingKey } from "../ports/cipher.ts";
import { fromBackupKnown, toBackupKnown } from "./backup-facts.ts";
import type { Artifact, Standing, StepRun, Transform } from "./handler.ts";

/** Makes every part an age file of its own, or one of openssl, or hands it on where the sealing is none. */
export const encrypt: Transform<EncryptStep> = {
  shape: "transform",
  guard: "lease",

  async probe(): Promise<Standing> {
    return { state: "ready" };
  },

  async pipe(step: EncryptStep, input: Artifact, run: StepRun): Promise<Artifact> {
    if (step.sealing === "none") return input;
    if (step.sealing === "openssl-passphrase") return pipeClassic(step, input, run);
    const key = await sealingKey(step, run);
    const known = toBackupKnown(input.known);
    return {
      known: fromBackupKnown({
        ...known,
        encryption: step.sealing === "age-passphrase" ? "age-passphrase" : "age",
        recipients: "recipients" in key ? key.recipients.map(fingerprint).sort() : [],
      }),
      parts: input.parts.map((part) => ({ ...part, body: run.ports.cipher.encrypt(part.body, key) })),
      close: () => input.close(),
    };
  },
};

async function pipeClassic(step: EncryptStep, input: Artifact, run: StepRun): Promise<Artifact> {
  const passphrase = await run.ports.classicPassphrase(step.database);
  return {
    ...input,
    parts: input.parts.map((part) => ({
      ...part,
      body: run.ports.classicCipher.encrypt(part.body, passphrase),
    })),
    close: () => input.close(),
  };
}

/** `sha256:<hex>` of a recipient as it is written: tells keys apart without naming them. */
export function fingerprint(recipient: string): string {
  return `sha256:${sha256(recipient)}`;
}

async function sealingKey(step: EncryptStep, run: StepRun): Promise<SealingKey> {
  if (typeof step.sealing === "object") return { recipients: step.sealing.age.recipients };
  return { passphrase: await run.ports.passphrase(step.database) };
}
