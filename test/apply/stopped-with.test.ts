import { Readable, Transform, Writable } from "node:stream";
import { expect, it } from "vitest";
import { runPlan } from "../../src/apply/run-plan.ts";
import type { DumpStep, EncryptStep, UploadStep } from "../../src/model/step.ts";
import { chain } from "../../src/ports/stream/chain.ts";
import { DbopsError, fail } from "../../src/problems/dbops-error.ts";
import { problem } from "../../src/problems/problem.ts";
import type { Handlers, Sink, Source, Transform as TransformHandler } from "../../src/steps/handler.ts";
import { LineProgress } from "../../src/views/progress-lines.ts";
import { RunState } from "../../src/views/run-state.ts";
import { memoryStore } from "../support/memory-store.ts";
import { eventsOf, optionsOf, planOf, recordsOf } from "./build.ts";
import { pipelineOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";
import { artifactOf } from "./synthetic-objects.ts";

/** What breaks in a pipeline, and at which step that is. */
const BREAKS = [
  { what: "a source that does not open", at: "app.dump" },
  { what: "a source that breaks off", at: "app.dump" },
  { what: "a transform that does not begin", at: "app.encrypt" },
  { what: "a transform that breaks off", at: "app.encrypt" },
  { what: "a sink that takes no more", at: "app.upload" },
  { what: "a sink that fails at the end", at: "app.upload" },
] as const;

type Break = (typeof BREAKS)[number]["what"];

it.each(BREAKS)("$what fails $at, and stops the others of the pipeline", async ({ what, at }) => {
  const records = memoryStore();
  const plan = planOf(pipelineOf("app"));
  const lines: string[] = [];
  const out = new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      lines.push(line.slice("00:00:00 ".length).trimEnd());
      done();
    },
  });
  const watch = { run: new RunState(plan), now: () => 0 };
  const progress = new LineProgress(out, watch, { firstMs: 60_000, everyMs: 60_000 });
  const handlers = breaking(what);
  const onEvent = progress.event.bind(progress);
  const ran = await runPlan(plan, optionsOf(recordsOf(records), {}, { handlers, onEvent }));
  await progress.close();
  for (const { step, outcome, problems, stoppedWith } of ran.steps)
    expect({ outcome, stoppedWith, problems: problems.map((one) => one.detail) }).toEqual(
      step.id === at
        ? { outcome: "failed", stoppedWith: undefined, problems: [what] }
        : { outcome: "failed", stoppedWith: at, problems: [] },
    );
  const failed = eventsOf(records, "app.backup").filter((one) => one.event === "failed");
  expect(failed).toMatchObject([{ step: at, problems: [{ detail: what }] }]);
  expect(lines.filter((line) => line.includes("a step failed"))).toEqual([
    `${at} failed after 0.0 s: a step failed`,
  ]);
  expect(lines.filter((line) => line.endsWith(`stopped with ${at}`))).toHaveLength(2);
});

function breaking(what: Break): Handlers {
  const ready = async () => ({ state: "ready" as const });
  const failAt = (one: Break) => (what === one ? fail("STEP_FAILED", one) : undefined);
  const broken = new DbopsError([problem("STEP_FAILED", what)]);
  const dump: Source<DumpStep> = {
    ...{ shape: "source", guard: "lease", probe: ready },
    async open() {
      failAt("a source that does not open");
      return artifactOf(Readable.from(rows(what === "a source that breaks off" ? broken : null)));
    },
  };
  const encrypt: TransformHandler<EncryptStep> = {
    ...{ shape: "transform", guard: "lease", probe: ready },
    pipe: async (_step, { parts: [part] }) => {
      failAt("a transform that does not begin");
      const through = new Transform({
        transform: (row, _encoding, done) =>
          done(what === "a transform that breaks off" ? broken : null, row),
      });
      return artifactOf(part === undefined ? through : chain(part.body, through));
    },
  };
  const upload: Sink<UploadStep> = {
    ...{ shape: "sink", guard: "lease", probe: ready, recover: async () => null },
    drain: async (_step, { parts: [part] }) => {
      for await (const _row of part?.body ?? []) failAt("a sink that takes no more");
      failAt("a sink that fails at the end");
      return {};
    },
  };
  return { ...syntheticHandlers(), dump, encrypt, upload };
}

function* rows(error: Error | null): Generator<Buffer> {
  for (let row = 0; row < 100; row += 1) yield Buffer.from(`row ${row}`);
  if (error !== null) throw error;
}
