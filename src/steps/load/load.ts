import type { Facts } from "../../model/audit-entry.ts";
import type { LoadStep } from "../../model/restore-steps.ts";
import type { LoadReport, NamedDatabase } from "../../ports/restore-target.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import type { Artifact, Part, ProbeRun, Sink, Standing, StepRun } from "../handler.ts";
import { objectOf, understoodDetail } from "../restore/backup-source.ts";
import { type ArchiveKnown, toRestoreKnown } from "../restore/restore-known.ts";
import { lookAtSide } from "../restore/side-database.ts";
import {
  changed,
  emptyAgain,
  evidenceOf,
  inPlaceOf,
  loadedFacts,
  makerOf,
  markLoaded,
  nameOf,
  sideFor,
  unmarked,
} from "./load-place.ts";
import { loadPlainDump } from "./load-plain-dump.ts";
import { refuseFailures } from "./refuse-failures.ts";
import { refuseMissing } from "./refuse-missing.ts";
import { reported } from "./reported.ts";

/**
 * Loads a backup into the side database, or in place. It is done only when the database's comment, or the marker's, says so, which is written after every
 * pg_restore has exited, no failure was left that the plan does not tolerate, and every table of the detail was there.
 */
export const load: Sink<LoadStep> = {
  shape: "sink",
  guard: "restore",

  async probe(step: LoadStep, run: ProbeRun): Promise<Standing> {
    const maker = makerOf(step, run);
    const side = await lookAtSide(nameOf(step), run);
    switch (side.state) {
      case "foreign":
        return { state: "blocked", problem: side.problem };
      case "absent":
        if (run.journaled(maker.id) === null) return { state: "waiting", for: maker.id };
        if (maker.kind === "swap") return { state: "blocked", problem: unmarked(step, run) };
        return { state: "ready" }; // one that somebody dropped is made again
      case "side":
        return { state: "ready" };
      case "continued":
        if (run.journaled(maker.id) === null) return { state: "waiting", for: maker.id };
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
    if (side.state === "side") await emptyAgain(step, side.database, run);
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
    await markLoaded(step, { side, backup }, run);
    return { ...facts, loaded: true };
  },
};

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
        ...inPlaceOf(step, run),
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
