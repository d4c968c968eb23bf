import type { Facts } from "../../model/audit-entry.ts";
import { classicKey } from "../../model/layout.ts";
import type { UploadStep } from "../../model/step.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { chain } from "../../ports/stream/chain.ts";
import { type Measure, meter } from "../../ports/stream/meter.ts";
import type { StepRun } from "../handler.ts";
import { finishClassic, type SealedClassic } from "./write-classic.ts";

/**
 * Completes the runbook's file that an earlier attempt had sealed and committed; discards what is unfinished of it and returns null
 * otherwise. A file under its name that is another one is somebody else's, and stays.
 */
export async function recoverClassic(step: UploadStep, run: StepRun): Promise<Facts | null> {
  const facts = run.journaled(step.id);
  const name = facts?.["bound"];
  if (typeof name !== "string") return null;
  const store = run.ports.store(step.store);
  const sealed = readSealed(facts?.["sealed"]);
  if (sealed !== null && sealed.name === name && (await isStored(store, sealed, run.signal)))
    return finishClassic(step, sealed, run);
  for await (const upload of store.unfinished(classicKey(name), run.signal))
    await store.discard(upload, run.signal);
  return null;
}

/** The bytes themselves, not only how many: nothing else in the file tells whose it is. */
async function isStored(store: ObjectStore, sealed: Measure & { name: string }, signal: AbortSignal) {
  const key = classicKey(sealed.name);
  if ((await store.head(key, signal))?.bytes !== sealed.bytes) return false;
  const stored = meter();
  for await (const _ of chain(await store.read(key, null, signal), stored.through)); // the meter sees every byte
  return (await stored.measure).sha256 === sealed.sha256;
}

/** null: an attempt has not come so far, or took it back. */
function readSealed(noted: unknown): SealedClassic | null {
  if (typeof noted !== "object" || noted === null) return null;
  return noted as SealedClassic; // what writeClassic noted: the journal's hashes prove that it is unchanged
}
