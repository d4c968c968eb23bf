import type { Facts } from "../../model/audit-entry.ts";
import type { Origin } from "../../model/backup.ts";
import { renderClassicMark } from "../../model/classic-mark.ts";
import type { Instant } from "../../model/instant.ts";
import { classicDigestKey, classicHoldKey, classicKey, classicOriginKey } from "../../model/layout.ts";
import type { UploadStep } from "../../model/step.ts";
import { chain } from "../../ports/stream/chain.ts";
import { type Measure, meter } from "../../ports/stream/meter.ts";
import { fail } from "../../problems/dbops-error.ts";
import { type SqlKnown, toPartFacts } from "../backup-facts.ts";
import type { Part, StepRun } from "../handler.ts";
import { renderHold } from "../hold.ts";
import { writeOnce } from "../write-once.ts";
import { heldUntil } from "./held-until.ts";

/** What is known of a `.sql.gz.enc` before it becomes an object: all that its checksum and its facts need. */
export interface SealedClassic extends Measure {
  readonly format: "sql";
  readonly name: string;
  readonly snapshotAt: Instant;
  readonly serverVersion: string;
  readonly pgDump: string;
  readonly plaintextBytes: number;
  readonly plaintextSha256: string;
  /** Of pg_dump; not given: none. */
  readonly warnings?: readonly string[];
}

/** Writes the runbook's file; it becomes an object only when its dump has ended well and what it is stands in the journal. */
export async function writeClassic(
  step: UploadStep,
  backup: { readonly name: string; readonly known: SqlKnown; readonly part: Part },
  run: StepRun,
): Promise<SealedClassic> {
  const { name, known, part } = backup;
  const stored = meter((bytes) => run.progress(bytes));
  const sealed = Promise.all([stored.measure, part.facts]).then(async ([measure, facts]) => {
    const { program, plaintextBytes, plaintextSha256 } = toPartFacts(facts);
    const { warnings } = facts;
    const whole = {
      format: "sql",
      name,
      ...known,
      pgDump: program ?? "",
      ...measure,
      plaintextBytes,
      plaintextSha256,
      ...(Array.isArray(warnings) ? { warnings } : {}),
    } as const;
    await run.note({ sealed: whole });
    return whole;
  });
  sealed.catch(() => undefined); // the body fails with it
  const body = chain(part.body, stored.through, heldUntil(sealed));
  const key = classicKey(name);
  const { estimatedBytes } = step;
  const answer = await run.ports.store(step.store).write(key, body, { estimatedBytes }, run.signal);
  if (answer !== "exists") return sealed;
  return fail(
    "OBJECT_EXISTS",
    `${key} exists already in store ${step.store}: another run writes the same backup`,
    { fix: `dbops apply ${run.plan.plan}` },
  );
}

/** The origin, a hold, and the checksum beside the file as sha256sum writes it; with it the backup is complete. Safe to call again. */
export async function finishClassic(step: UploadStep, sealed: SealedClassic, run: StepRun): Promise<Facts> {
  const { name, bytes, plaintextBytes, snapshotAt, warnings } = sealed;
  const store = run.ports.store(step.store);
  await writeOnce(store, classicOriginKey(name, originOf(step, run)), renderClassicMark(sealed), run.signal);
  if (step.hold !== null) {
    const hold = renderHold({ id: step.hold, reason: null, at: snapshotAt });
    await writeOnce(store, classicHoldKey(name, step.hold), hold, run.signal);
  }
  await writeOnce(store, classicDigestKey(name), `${sealed.sha256}  ${classicKey(name)}\n`, run.signal);
  return {
    name,
    store: step.store,
    bytes,
    plaintextBytes,
    snapshotAt,
    ...(warnings === undefined ? {} : { warnings }),
  };
}

/** Of the step that dumps what this one stores. */
function originOf(step: UploadStep, run: StepRun): Origin {
  const source = run.plan.steps.find((one) => one.kind === "dump" && one.artifact === step.artifact);
  if (source?.kind === "dump") return source.origin;
  return fail("PLAN_INVALID", `${step.id} stores ${step.artifact}, and no step dumps it`);
}
