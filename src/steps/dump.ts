import type { Facts } from "../model/audit-entry.ts";
import type { ArchiveCompression } from "../model/manifest.ts";
import type { DatabaseIdentity } from "../model/observation.ts";
import type { DumpStep } from "../model/step.ts";
import type { RowCounting, Snapshot } from "../ports/postgres.ts";
import { fail } from "../problems/dbops-error.ts";
import { fromBackupKnown, fromSqlKnown } from "./backup-facts.ts";
import { countedDetail } from "./counted-detail.ts";
import { detailPart, programPart, sqlPart } from "./dump-parts.ts";
import type { Artifact, ProbeRun, Source, Standing, StepRun } from "./handler.ts";
import { openKept, standingOfKept } from "./restore/kept-database.ts";

/**
 * Opens one snapshot and streams from it: the archive, the globals, and the detail, which waits for the archive's warnings. A plain
 * dump is all that its format has room for.
 */
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
      return step.format === "sql"
        ? await sqlArtifact(step, snapshot, run)
        : await archiveArtifact(step, snapshot, run);
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

async function archiveArtifact(step: DumpStep, snapshot: Snapshot, run: StepRun): Promise<Artifact> {
  const compression = archiveCompression(step);
  // before pg_dump begins: from then on nobody empties a table that it has not come to
  const counting = step.counts === "exact" ? await snapshot.countRows(run.signal) : null;
  const archive = await snapshot.dump(run.signal);
  const globals = await snapshot.globals(run.signal);
  const onProgress = (bytes: number) => run.progress(bytes, snapshot.sizeBytes);
  return {
    known: knownFrom(step, snapshot, compression),
    parts: [
      programPart("archive", archive, { compression, onProgress }),
      programPart("globals", globals, { compression, onProgress: () => undefined }),
      detailPart(detailOf(snapshot, counting), [archive, globals]),
    ],
    close: () => snapshot.close(),
  };
}

async function detailOf({ detail }: Snapshot, counting: RowCounting | null): Promise<Facts> {
  return counting === null ? detail : countedDetail(detail, await counting.counts);
}

async function sqlArtifact(step: DumpStep, snapshot: Snapshot, run: StepRun): Promise<Artifact> {
  const { compression } = step;
  if (compression === "none" || !("gzip" in compression))
    return fail("PLAN_INVALID", `${step.id} dumps SQL, which is compressed by gzip`);
  const output = await snapshot.dumpSql(run.signal);
  const onProgress = (bytes: number) => run.progress(bytes, snapshot.sizeBytes);
  return {
    known: fromSqlKnown({ snapshotAt: snapshot.at, serverVersion: snapshot.serverVersion }),
    parts: [sqlPart(output, { level: compression.gzip, onProgress })],
    close: () => snapshot.close(),
  };
}

function archiveCompression({ id, compression }: DumpStep): ArchiveCompression {
  if (compression === "none" || "zstd" in compression) return compression;
  return fail("PLAN_INVALID", `${id} dumps an archive, which gzip does not compress`);
}

function knownFrom(step: DumpStep, snapshot: Snapshot, compression: ArchiveCompression): Facts {
  return fromBackupKnown({
    snapshotAt: snapshot.at,
    serverVersion: snapshot.serverVersion,
    schemaRevision: snapshot.schemaRevision,
    origin: step.origin,
    label: step.label,
    format: "archive",
    compression,
    encryption: "none",
    recipients: [],
  });
}
