import type { Facts } from "../model/audit-entry.ts";
import { classicDigestKey, classicHoldPrefix, classicKey, classicOriginPrefix } from "../model/layout.ts";
import { isPinKey } from "../model/made-database.ts";
import type { CopyStep } from "../model/step.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { parseDigest } from "../ports/open-classic.ts";
import { readText } from "../ports/read-object.ts";
import { chain } from "../ports/stream/chain.ts";
import { intact } from "../ports/stream/intact.ts";
import { type Measure, meter } from "../ports/stream/meter.ts";
import { DbopsError, fail } from "../problems/dbops-error.ts";
import { problem } from "../problems/problem.ts";
import type { ProbeRun, Standing, StepRun } from "./handler.ts";
import { writeOnce } from "./write-once.ts";

/** What is left to do when a store turns out not to have what is to be copied. */
export const ANOTHER_STORE = "copy from another store, and look at this one";

/** Where the copy of a `.sql.gz.enc` stands: done when the same checksum lies in the target, where it comes last, beside the whole file. */
export async function standingOfClassic(step: CopyStep, name: string, run: ProbeRun): Promise<Standing> {
  const { text, bytes } = await readSource(step, name, run);
  const to = run.ports.store(step.to);
  const [file, key] = [classicKey(name), classicDigestKey(name)];
  const [found, checksum] = [await to.head(file, run.signal), await to.head(key, run.signal)];
  // somebody may have lost the file since, and kept its checksum
  if (checksum === null || found === null) return { state: "ready" };
  if (found.bytes === bytes && (await readText(to, key, run.signal)) === text)
    return {
      state: "done",
      evidence: `store ${step.to} has the same checksum`,
      facts: { name, store: step.to },
    };
  const detail = `store ${step.to} has another backup with the name ${name}`;
  return { state: "blocked", problem: problem("OBJECT_EXISTS", detail, { fix: "dbops backups" }) };
}

/** The file, which commits only when its bytes are those of the checksum beside it, origin, holds, and then that checksum. Safe to call again. */
export async function copyClassic(step: CopyStep, name: string, run: StepRun): Promise<Facts> {
  const source = await readSource(step, name, run);
  const to = run.ports.store(step.to);
  await copyFile(step, { key: classicKey(name), source, to }, run);
  for (const prefix of [classicOriginPrefix(name), classicHoldPrefix(name)])
    await copyMarkers(step, prefix, run);
  await writeOnce(to, classicDigestKey(name), source.text, run.signal);
  return { name, store: step.to, bytes: source.bytes };
}

interface Source extends Measure {
  /** Of the checksum file. */
  readonly text: string;
}

async function readSource(step: CopyStep, name: string, run: ProbeRun): Promise<Source> {
  const from = run.ports.store(step.from);
  const [file, checksum] = [classicKey(name), classicDigestKey(name)];
  const found = await from.head(file, run.signal);
  if (found === null)
    return fail("OBJECT_MISSING", `${file} is not in store ${step.from}`, { fix: ANOTHER_STORE });
  const text = await readText(from, checksum, run.signal);
  const sha256 = parseDigest(text);
  if (sha256 !== null) return { bytes: found.bytes, sha256, text };
  return fail("OBJECT_DAMAGED", `${checksum} in store ${step.from} holds no SHA-256 as sha256sum writes it`, {
    fix: ANOTHER_STORE,
  });
}

async function copyFile(
  step: CopyStep,
  { key, source, to }: { readonly key: string; readonly source: Source; readonly to: ObjectStore },
  run: StepRun,
): Promise<void> {
  if ((await to.head(key, run.signal)) !== null) return assertSame(step, { key, source, to }, run);
  const passed = intact(source, {
    damaged: () => damaged(step, key),
    onProgress: (bytes) => run.progress(bytes, source.bytes),
  });
  const stored = await run.ports.store(step.from).read(key, null, run.signal);
  const body = chain(stored, passed.through);
  const answer = await to.write(key, body, { estimatedBytes: source.bytes }, run.signal);
  if (answer === "exists")
    fail("OBJECT_EXISTS", `${key} appeared while it was copied: another run copies it too`, {
      fix: `dbops apply ${run.plan.plan}`,
    });
}

/** A checksum would call whatever lies there a backup: what an earlier attempt brought is read once more before it does. */
async function assertSame(
  step: CopyStep,
  { key, source, to }: { readonly key: string; readonly source: Source; readonly to: ObjectStore },
  run: StepRun,
): Promise<void> {
  const there = meter((bytes) => run.progress(bytes, source.bytes));
  for await (const _ of chain(await to.read(key, null, run.signal), there.through)); // the meter sees every byte
  const found = await there.measure;
  if (found.bytes === source.bytes && found.sha256 === source.sha256) return;
  const detail = `${key} exists already in store ${step.to} and is another one than in ${step.from}`;
  fail("OBJECT_EXISTS", detail, { fix: "look who wrote it before going on" });
}

async function copyMarkers(step: CopyStep, prefix: string, run: StepRun): Promise<void> {
  const [from, to] = [run.ports.store(step.from), run.ports.store(step.to)];
  for await (const { key } of from.list(prefix, {}, run.signal)) {
    if (isPinKey(key)) continue; // its restore ends it only where it reads
    if ((await to.head(key, run.signal)) !== null) continue; // a marker of that name says the same there
    await writeOnce(to, key, await readText(from, key, run.signal), run.signal);
  }
}

function damaged(step: CopyStep, key: string): DbopsError {
  const detail = `${key} in store ${step.from} is not what its checksum says`;
  return new DbopsError([problem("OBJECT_DAMAGED", detail, { fix: ANOTHER_STORE })]);
}
