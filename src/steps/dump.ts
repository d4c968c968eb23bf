import { Readable } from "node:stream";
import type { Facts } from "../model/audit-entry.ts";
import type { Compression } from "../model/environment.ts";
import type { DatabaseIdentity } from "../model/observation.ts";
import type { DumpStep } from "../model/step.ts";
import type { ProgramOutput, Snapshot } from "../ports/postgres.ts";
import { chain } from "../ports/stream/chain.ts";
import { meter } from "../ports/stream/meter.ts";
import { compress } from "../ports/stream/zstd.ts";
import { fail } from "../problems/dbops-error.ts";
import { fromBackupKnown, fromPartFacts } from "./backup-facts.ts";
import type { Artifact, Part, ProbeRun, Source, Standing, StepRun } from "./handler.ts";
import { openKept, standingOfKept } from "./restore/kept-database.ts";

/** Opens one snapshot and streams from it: the archive, the globals, and the detail, which waits for the archive's warnings. */
export const dump: Source<DumpStep> = {
  shape: "source",
  guard: "lease",

  async probe(step: DumpStep, run: ProbeRun): Promise<Standing> {
    if (step.of !== undefined) return standingOfKept({ ...step.of, database: step.database }, run);
    const found = await run.ports.postgres(step.database).inspect(run.signal);
    if (found.state === "unreadable") return { state: "blocked", problem: found.problem };
    assertPlanned(step, found.identity, run);
    const [blocking] = found.problems.filter((one) => one.severity === "error");
    return blocking === undefined ? { state: "ready" } : { state: "blocked", problem: blocking };
  },

  async open(step: DumpStep, run: StepRun): Promise<Artifact> {
    const standing = await dump.probe(step, run);
    if (standing.state === "blocked")
      fail(standing.problem.code, standing.problem.detail, { fix: standing.problem.fix });
    const snapshot = await openPlanned(step, run);
    try {
      const archive = await snapshot.dump(run.signal);
      const globals = await snapshot.globals(run.signal);
      const onProgress = (bytes: number) => run.progress(bytes, snapshot.sizeBytes);
      return {
        known: knownFrom(step, snapshot),
        parts: [
          programPart("archive", archive, { compression: step.compression, onProgress }),
          programPart("globals", globals, { compression: step.compression, onProgress: () => undefined }),
          detailPart(snapshot.detail, [archive, globals]),
        ],
        close: () => snapshot.close(),
      };
    } catch (error) {
      await snapshot.close();
      throw error;
    }
  },
};

/** Of the very database that was planned. */
async function openPlanned(step: DumpStep, run: StepRun): Promise<Snapshot> {
  if (step.of !== undefined) return openKept({ ...step.of, database: step.database }, run);
  const snapshot = await run.ports.postgres(step.database).openSnapshot(run.signal);
  try {
    assertPlanned(step, snapshot.identity, run);
    return snapshot;
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}

function assertPlanned(step: DumpStep, found: DatabaseIdentity, run: ProbeRun): void {
  const planned = run.plan.targets.databases[step.database];
  if (planned === undefined) fail("PLAN_INVALID", `the plan has no target for database ${step.database}`);
  const same =
    planned.endpoint === found.endpoint &&
    planned.database === found.database &&
    planned.oid === found.oid &&
    planned.systemIdentifier === found.systemIdentifier;
  if (same) return;
  const name = (one: DatabaseIdentity) =>
    `${one.database} (oid ${one.oid}) at ${one.endpoint}, system ${one.systemIdentifier}`;
  fail("TARGET_CHANGED", `${step.database} was planned as ${name(planned)} and is ${name(found)}`, {
    fix: `dbops plan ${run.plan.environment}`,
  });
}

function knownFrom(step: DumpStep, snapshot: Snapshot): Facts {
  return fromBackupKnown({
    snapshotAt: snapshot.at,
    serverVersion: snapshot.serverVersion,
    schemaRevision: snapshot.schemaRevision,
    origin: step.origin,
    label: step.label,
    format: step.format,
    compression: step.compression,
    encryption: "none",
    recipients: [],
  });
}

function programPart(
  name: string,
  output: ProgramOutput,
  options: { compression: Compression; onProgress: (bytes: number) => void },
): Part {
  const plain = meter(options.onProgress);
  const measured = chain(output.body, plain.through);
  const body =
    options.compression === "none"
      ? measured
      : compress(measured, options.compression.zstd, (chunk) => output.recycle(chunk));
  const facts = Promise.all([plain.measure, output.settled]).then(([measure, report]) =>
    fromPartFacts({
      plaintextBytes: measure.bytes,
      plaintextSha256: measure.sha256,
      program: report.version,
    }),
  );
  facts.catch(() => undefined); // the body carries the same failure
  return { name, body, facts };
}

function detailPart(detail: Facts, programs: readonly ProgramOutput[]): Part {
  const plain = meter();
  const body = chain(Readable.from(renderDetail(detail, programs), { objectMode: false }), plain.through);
  const facts = plain.measure.then((measure) =>
    fromPartFacts({ plaintextBytes: measure.bytes, plaintextSha256: measure.sha256, program: null }),
  );
  facts.catch(() => undefined);
  return { name: "detail", body, facts };
}

async function* renderDetail(detail: Facts, programs: readonly ProgramOutput[]): AsyncGenerator<Buffer> {
  const reports = await Promise.all(programs.map((program) => program.settled));
  const warnings = reports.flatMap((report) => report.warnings);
  yield Buffer.from(`${JSON.stringify({ formatVersion: 1, ...detail, warnings }, null, 2)}\n`);
}
