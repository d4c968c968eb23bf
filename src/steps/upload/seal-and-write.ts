import type { Readable } from "node:stream";
import { sha256 } from "../../model/canonical.ts";
import { folderOf, objectKey, parseBackupName } from "../../model/layout.ts";
import type { Manifest, ManifestObject, ObjectRole } from "../../model/manifest.ts";
import type { UploadStep } from "../../model/step.ts";
import { DBOPS_VERSION } from "../../model/version.ts";
import { chain } from "../../ports/stream/chain.ts";
import { type Measure, meter } from "../../ports/stream/meter.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import { type BackupKnown, toPartFacts } from "../backup-facts.ts";
import type { Part, StepRun } from "../handler.ts";
import { restoreGuideOf } from "./finish-backup.ts";
import { heldUntil } from "./held-until.ts";

export interface NewBackup {
  readonly name: string;
  readonly known: BackupKnown;
  readonly parts: readonly Part[];
}

/**
 * Writes all parts side by side. The end of each is held back until every part has ended well and the whole manifest
 * stands in the journal as `sealed`; only then any of them becomes an object.
 */
export async function sealAndWrite(step: UploadStep, backup: NewBackup, run: StepRun): Promise<Manifest> {
  const parts = backup.parts.map((part) => measurePart(part, backup, run));
  const sealed = seal(backup, parts, run);
  sealed.catch(() => undefined); // every part fails with it
  // A part whose writer failed takes the others with it, or they would wait for its measure for ever.
  const abandon = new AbortController();
  const signal = AbortSignal.any([run.signal, abandon.signal]);
  const failures: unknown[] = [];
  const writes = parts.map(async (part) => {
    try {
      await writePart(part, { step, backup, sealed }, run, signal);
    } catch (error) {
      failures.push(error);
      part.body.destroy(error instanceof Error ? error : new Error(String(error)));
      abandon.abort(error);
    }
  });
  await Promise.all(writes);
  if (failures.length > 0) throw causeOf(failures);
  return sealed;
}

/** Streams that one failure cuts off end with errors of their own, which may be told before the one that says why. */
function causeOf(failures: readonly unknown[]): unknown {
  return failures.find((one) => one instanceof DbopsError) ?? failures[0];
}

interface MeasuredPart {
  readonly role: ObjectRole;
  readonly key: string;
  readonly body: Readable;
  readonly stored: Promise<Measure>;
  readonly part: Part;
}

function measurePart(part: Part, { name, known }: NewBackup, run: StepRun): MeasuredPart {
  const role = roleOf(part);
  const stored = meter(role === "archive" ? (bytes) => run.progress(bytes) : undefined);
  return {
    role,
    key: objectKey(name, role, known),
    body: chain(part.body, stored.through),
    stored: stored.measure,
    part,
  };
}

function roleOf(part: Part): ObjectRole {
  if (part.name === "archive" || part.name === "globals" || part.name === "detail") return part.name;
  return fail("INTERNAL", `a backup has no part called ${part.name}`);
}

async function seal(backup: NewBackup, parts: readonly MeasuredPart[], run: StepRun): Promise<Manifest> {
  const described = await Promise.all(parts.map(describePart));
  const program = described.find(({ object }) => object.role === "archive")?.program ?? "";
  const { name, known } = backup;
  const parsed = parseBackupName(name);
  const manifest: Manifest = {
    formatVersion: 1,
    environment: run.plan.environment,
    database: parsed?.database ?? fail("INTERNAL", `${name} is no backup name`),
    name,
    snapshotAt: known.snapshotAt,
    origin: known.origin,
    label: known.label,
    objects: [],
    format: known.format,
    compression: known.compression,
    encryption: known.encryption,
    recipients: known.recipients,
    server: { version: known.serverVersion },
    tools: { dbops: DBOPS_VERSION, pgDump: program },
    schemaRevision: known.schemaRevision,
    imageDigest: null,
    gitCommit: null,
    plan: run.plan.plan,
  };
  const objects = described.map(({ object }) => object).sort((a, b) => (a.key < b.key ? -1 : 1));
  const whole = withGuide({ ...manifest, objects });
  await run.note({ sealed: whole });
  return whole;
}

async function describePart(part: MeasuredPart): Promise<{ object: ManifestObject; program: string | null }> {
  const [stored, facts] = await Promise.all([part.stored, part.part.facts.then(toPartFacts)]);
  const { plaintextBytes, plaintextSha256, program } = facts;
  return { object: { role: part.role, key: part.key, ...stored, plaintextBytes, plaintextSha256 }, program };
}

function withGuide(manifest: Manifest): Manifest {
  const text = Buffer.from(restoreGuideOf(manifest));
  const measure = { bytes: text.length, sha256: sha256(text) };
  const guide: ManifestObject = {
    role: "restore-guide",
    key: "RESTORE.md",
    ...measure,
    plaintextBytes: measure.bytes,
    plaintextSha256: measure.sha256,
  };
  return { ...manifest, objects: [...manifest.objects, guide] };
}

async function writePart(
  part: MeasuredPart,
  { step, backup, sealed }: { step: UploadStep; backup: NewBackup; sealed: Promise<Manifest> },
  run: StepRun,
  signal: AbortSignal,
): Promise<void> {
  const key = `${folderOf(backup.name)}${part.key}`;
  const options = part.role === "archive" ? { estimatedBytes: step.estimatedBytes } : {};
  const answer = await run.ports
    .store(step.store)
    .write(key, chain(part.body, heldUntil(sealed)), options, signal);
  if (answer !== "exists") return;
  fail("OBJECT_EXISTS", `${key} exists already in store ${step.store}: another run writes the same backup`, {
    fix: `dbops apply ${run.plan.plan}`,
  });
}
