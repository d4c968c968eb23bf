import type { Facts } from "../../model/audit-entry.ts";
import type { CreateStep, LoadStep } from "../../model/restore-steps.ts";
import type { LoadReport, NamedDatabase } from "../../ports/restore-target.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import type { Artifact, Part, ProbeRun, Sink, Standing, StepRun } from "../handler.ts";
import { objectOf, understoodDetail } from "../restore/backup-source.ts";
import { plannedServer } from "../restore/planned-server.ts";
import { type ArchiveKnown, toRestoreKnown } from "../restore/restore-known.ts";
import { lookAtSide, makeSide, noteFor, type SideName } from "../restore/side-database.ts";
import { refusalBeforeLoad, swapFor } from "../restore/swap-refusal.ts";
import { loadPlainDump } from "./load-plain-dump.ts";
import { refuseFailures } from "./refuse-failures.ts";
import { refuseMissing } from "./refuse-missing.ts";
import { reported } from "./reported.ts";

/**
 * Loads a backup into the side database. It is done only when the database's comment says so, which is written after every
 * pg_restore has exited, no failure was left that the plan does not tolerate, and every table of the detail was there.
 */
export const load: Sink<LoadStep> = {
  shape: "sink",
  guard: "restore",

  async probe(step: LoadStep, run: ProbeRun): Promise<Standing> {
    const create = createOf(step, run);
    const side = await lookAtSide(nameOf(step), run);
    switch (side.state) {
      case "foreign":
        return { state: "blocked", problem: side.problem };
      case "absent": // one that somebody dropped is made again
        return run.journaled(create.id) === null ? { state: "waiting", for: create.id } : { state: "ready" };
      case "side":
        return { state: "ready" };
      case "continued":
        if (run.journaled(create.id) === null) return { state: "waiting", for: create.id };
        return { state: "blocked", problem: changed(step, run) };
      case "loaded":
        return {
          state: "done",
          evidence: evidenceOf(step, run),
          facts: loadedFacts(step, side.database, run),
        };
    }
  },

  /** What an earlier attempt loaded whole is kept; half a load is worth nothing. */
  async recover(step: LoadStep, run: StepRun): Promise<Facts | null> {
    const side = await lookAtSide(nameOf(step), run);
    if (side.state === "foreign") throw new DbopsError([side.problem]);
    if (side.state === "continued") throw new DbopsError([changed(step, run)]);
    if (side.state === "loaded") return loadedFacts(step, side.database, run);
    if (side.state === "side") await run.ports.restoreTarget(step.database).drop(side.database, run.signal);
    return null;
  },

  async drain(step: LoadStep, input: Artifact, run: StepRun): Promise<Facts> {
    const known = toRestoreKnown(input.known);
    if (!known.isPlain) fail("PLAN_INVALID", `${step.id} gets a backup that nothing opened`);
    if ((step.format === "sql") !== (known.layout === "classic"))
      fail("PLAN_INVALID", `${step.id} is planned for another format than it gets`);
    const side = await sideFor(step, run);
    await run.note({ name: side.name, oid: side.oid }); // from here on it is not empty
    const backup = known.layout === "classic" ? known.backup : known.manifest.name;
    const facts =
      known.layout === "classic"
        ? await loadPlainDump(step, { input, side, backup }, run)
        : await loadBackup(step, { input, side, known }, run);
    await run.note(facts);
    const note = noteFor({ database: step.database, backup }, "loaded", run);
    await run.ports.restoreTarget(step.database).setNote(side, note, run.signal);
    return { ...facts, loaded: true };
  },
};

function nameOf(step: LoadStep): SideName {
  return { database: step.database, name: step.into };
}

function createOf(step: LoadStep, run: ProbeRun): CreateStep {
  const found = run.plan.steps.find((one) => one.kind === "create" && one.name === step.into);
  return found?.kind === "create" ? found : fail("PLAN_INVALID", `${step.id} has nothing to load into`);
}

function evidenceOf(step: LoadStep, run: ProbeRun): string {
  const { continues } = createOf(step, run);
  if (continues === undefined) return `${step.into} says that it was loaded`;
  return `plan ${continues.plan.slice(0, 12)} loaded ${step.into}; what failed in it is tolerated`;
}

/** What was noted before the comment was written, here or by the plan that this one continues. */
function loadedFacts(step: LoadStep, { name, oid }: NamedDatabase, run: ProbeRun): Facts {
  const { continues } = createOf(step, run);
  const before = continues === undefined ? {} : { unlisted: continues.unlisted, tolerated: step.tolerate };
  return { ...before, ...run.journaled(step.id), name, oid, loaded: true };
}

/** The empty side database: the one that `create` made, or a new one where an earlier attempt's was dropped. */
async function sideFor(step: LoadStep, run: StepRun): Promise<NamedDatabase> {
  const side = await lookAtSide(nameOf(step), run);
  if (side.state === "absent") {
    const swap = swapFor(step.into, run);
    const server = await plannedServer({ database: step.database, live: swap?.live ?? step.into }, run);
    const refusal = await refusalBeforeLoad(swap, server, run);
    if (refusal !== null) throw new DbopsError([refusal]);
    return makeSide(createOf(step, run), run);
  }
  if (side.state === "side") return { name: side.database.name, oid: side.database.oid };
  if (side.state === "foreign") throw new DbopsError([side.problem]);
  throw new DbopsError([changed(step, run)]);
}

function changed(step: LoadStep, run: ProbeRun): Problem {
  const detail = `${step.into} was loaded by another run just now`;
  return problem("TARGET_CHANGED", detail, { fix: `dbops apply ${run.plan.plan}`, final: false });
}

async function loadBackup(
  step: LoadStep,
  {
    input,
    side,
    known,
  }: { readonly input: Artifact; readonly side: NamedDatabase; readonly known: ArchiveKnown },
  run: StepRun,
): Promise<Facts> {
  const { archive, detail } = partsOf(step, input);
  const text = await textOf(detail);
  const report = await loadArchive(step, { archive, side, known }, run);
  await refuseFailures(step, { report, known, side, detail: text }, run);
  const more = { detail: understoodDetail(text, known.manifest), report };
  const { tables, unlisted } = await refuseMissing(step, more, run);
  const bytes = objectOf(known.manifest, "archive").plaintextBytes;
  return { ...side, bytes, ...reported(report), tables, unlisted };
}

/** Nobody reads the parts that a restore does not need. */
function partsOf(step: LoadStep, input: Artifact): { readonly archive: Part; readonly detail: Part } {
  const named = (name: string): Part =>
    input.parts.find((part) => part.name === name) ?? fail("INTERNAL", `${step.id} gets no ${name}`);
  const parts = { archive: named("archive"), detail: named("detail") };
  for (const part of input.parts) if (part !== parts.archive && part !== parts.detail) part.body.destroy();
  return parts;
}

/** Read before the archive: whether it is whole is known before hours of loading. */
async function textOf(part: Part): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of part.body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

interface Loading {
  readonly archive: Part;
  readonly side: NamedDatabase;
  readonly known: ArchiveKnown;
}

async function loadArchive(
  step: LoadStep,
  { archive, side, known: { manifest } }: Loading,
  run: StepRun,
): Promise<LoadReport> {
  const totalBytes = objectOf(manifest, "archive").plaintextBytes;
  try {
    const report = await run.ports.restoreTarget(step.database).load(
      {
        into: side,
        archive: archive.body,
        madeBy: manifest.tools.pgDump,
        jobs: step.jobs,
        skip: step.skip.map((one) => one.entry),
        ignoreTablespaces: step.tablespaces === "ignore",
        onProgress: (bytes) => run.progress(bytes, totalBytes),
      },
      run.signal,
    );
    if (!archive.body.readableEnded)
      fail("LOAD_FAILED", `the archive of ${manifest.name} was not read to its end`);
    await archive.facts; // whole, and what was dumped
    return report;
  } catch (error) {
    // pg_restore sees a stream that ends too early; why it did is what counts.
    throw archive.body.errored instanceof DbopsError ? archive.body.errored : error;
  }
}
