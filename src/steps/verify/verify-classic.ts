import type { Facts } from "../../model/audit-entry.ts";
import type { VerifyClassicStep } from "../../model/classic-steps.ts";
import { classicDigestKey, classicKey } from "../../model/layout.ts";
import { PlainDump, type PlainDumpFacts } from "../../model/plain-dump/plain-dump.ts";
import { openClassic, readDigest } from "../../ports/open-classic.ts";
import { naming } from "../../ports/open-object.ts";
import { chain } from "../../ports/stream/chain.ts";
import { type Measure, meter } from "../../ports/stream/meter.ts";
import { fail } from "../../problems/dbops-error.ts";
import { makerOf, resolveName } from "../backup-facts.ts";
import type { ProbeRun, Standing, StepRun } from "../handler.ts";
import { orMissing } from "../or-missing.ts";
import type { Variant } from "./variant.ts";

/**
 * Reads every stored byte of the runbook's file and compares it with the checksum beside it; `deep` also opens it and reads the dump to
 * the trailer, which alone proves it whole, and fails where it holds what a restore refuses to run. Without a checksum only `deep` tells anything.
 */
export const verifyClassic: Variant<VerifyClassicStep> = {
  async probe(step: VerifyClassicStep, run: ProbeRun): Promise<Standing> {
    const name = resolveName(step.backup, run);
    if (name === null) return { state: "waiting", for: makerOf(step.backup) };
    const key = classicKey(name);
    const found = await run.ports.store(step.store).head(key, run.signal);
    if (found === null) missing(step, key, run);
    if (!step.deep) await digestOf(step, name, run);
    return { state: "ready" };
  },

  async execute(step: VerifyClassicStep, run: StepRun): Promise<Facts> {
    const name = resolveName(step.backup, run) ?? fail("INTERNAL", `${step.id} has no backup`);
    return orMissing(anotherBackup(step, run), async () => {
      const digest = await digestOf(step, name, run);
      const stored = await readStored(step, { key: classicKey(name), digest }, run);
      const facts = { name, store: step.store, bytes: stored.bytes, checksum: digest !== null };
      return step.deep ? { ...facts, ...dumpFacts(await readDump(step, classicKey(name), run)) } : facts;
    });
  },
};

function anotherBackup(step: VerifyClassicStep, run: ProbeRun): string {
  return `dbops plan ${run.plan.environment} backup ${step.database}`;
}

function missing(step: VerifyClassicStep, key: string, run: ProbeRun): never {
  return fail("OBJECT_MISSING", `${key} is not in store ${step.store}`, { fix: anotherBackup(step, run) });
}

/** null: there is no checksum, and `deep` does without one. */
async function digestOf(step: VerifyClassicStep, name: string, run: ProbeRun): Promise<string | null> {
  const store = run.ports.store(step.store);
  const key = classicDigestKey(name);
  const found = await store.head(key, run.signal);
  if (found !== null) return readDigest(store, key, run.signal);
  if (step.deep) return null;
  return fail(
    "BACKUP_INCOMPLETE",
    `${name} has no ${key} in ${step.store}: only what is in it can tell whether it is whole`,
    { fix: `dbops plan ${run.plan.environment} verify ${name} --deep` },
  );
}

async function readStored(
  step: VerifyClassicStep,
  { key, digest }: { readonly key: string; readonly digest: string | null },
  run: StepRun,
): Promise<Measure> {
  const store = run.ports.store(step.store);
  const total = (await store.head(key, run.signal))?.bytes;
  const stored = meter((bytes) => run.progress(bytes, total));
  for await (const _ of chain(await store.read(key, null, run.signal), stored.through)); // the meter sees every byte
  const found = await stored.measure;
  if (digest !== null && digest !== found.sha256)
    fail("OBJECT_DAMAGED", `${key} in store ${step.store} has SHA-256 ${found.sha256} instead of ${digest}`, {
      fix: anotherBackup(step, run),
    });
  return found;
}

async function readDump(step: VerifyClassicStep, key: string, run: StepRun): Promise<PlainDumpFacts> {
  const passphrase = await run.ports.classicPassphrase(step.database);
  const stored = await run.ports.store(step.store).read(key, null, run.signal);
  const dump = new PlainDump({ serverMajor: Number.POSITIVE_INFINITY, onForbidden: "note" });
  return naming(key, async () => {
    const body = openClassic(stored, { cipher: run.ports.classicCipher, passphrase });
    for await (const chunk of body) dump.next(chunk);
    const facts = dump.end();
    if (facts.forbidden === null) return facts;
    const detail = `the dump is whole, but holds ${facts.forbidden}, which no restore of a plain dump runs`;
    return fail("LOAD_FAILED", detail, { fix: anotherBackup(step, run), final: true });
  });
}

/** `plainBytes`: of SQL text. */
function dumpFacts({ bytes, statements, tables, madeBy }: PlainDumpFacts): Facts {
  return { plainBytes: bytes, statements, tables, madeBy };
}
