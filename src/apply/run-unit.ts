import type { Facts } from "../model/audit-entry.ts";
import type { Step } from "../model/step.ts";
import { DbopsError, fail } from "../problems/dbops-error.ts";
import type {
  Action,
  Artifact,
  Handlers,
  ProbeRun,
  Sink,
  Source,
  Standing,
  StepRun,
  Transform,
} from "../steps/handler.ts";
import type { Session } from "./sessions.ts";
import { guardOf, handlerOf, type Unit } from "./units.ts";

export interface UnitRun {
  readonly handlers: Handlers;
  readonly session: Session;
  readonly probe: ProbeRun;
  progress(step: Step, doneBytes: number, totalBytes?: number): void;
  /** Called before a pipeline fails, with the step at which it did. */
  failedAt(step: Step): void;
}

/** Carries out one unit, journaling before and after its effect; resolves with the facts by step id, rejects when it failed. */
export async function runUnit(unit: Unit, run: UnitRun): Promise<ReadonlyMap<string, Facts>> {
  const [first] = unit.steps;
  const handler = handlerOf(run.handlers, first);
  if (handler.shape === "action") return new Map([[first.id, await runAction(first, handler, run)]]);
  return runPipeline(unit, run);
}

async function runAction(step: Step, handler: Action<Step>, run: UnitRun): Promise<Facts> {
  const standing = await handler.probe(step, run.probe);
  switch (standing.state) {
    case "blocked":
      throw new DbopsError([standing.problem]);
    case "waiting":
      return fail("INTERNAL", `${step.id} waits for ${standing.for}, which has ended`);
    case "done":
      await run.session.append([
        { event: "end", step: step.id, facts: standing.facts, evidence: standing.evidence },
      ]);
      return standing.facts;
    case "ready":
      break;
  }
  await run.session.append([{ event: "begin", step: step.id }]);
  if (guardOf(handler, step) === "lock") await run.session.lock.assertHeld();
  const facts = await handler.execute(step, stepRun(step, run));
  await run.session.append([{ event: "end", step: step.id, facts }]);
  return facts;
}

async function runPipeline(unit: Unit, run: UnitRun): Promise<ReadonlyMap<string, Facts>> {
  const pipeline = shapesOf(unit, run.handlers);
  const { step } = pipeline.sink;
  const ended = (facts: Facts, evidence?: string) =>
    unit.steps.map((one) => ({
      event: "end" as const,
      step: one.id,
      facts: one === step ? facts : {},
      ...(evidence === undefined ? {} : { evidence }),
    }));
  const standing = await standingOf(pipeline, run);
  if (standing.state === "done") {
    await run.session.append(ended(standing.facts, standing.evidence));
    return new Map([[step.id, standing.facts]]);
  }
  await run.session.append(unit.steps.map((one) => ({ event: "begin" as const, step: one.id })));
  if (guardOf(pipeline.sink.handler, step) === "lock") await run.session.lock.assertHeld();
  const facts = await recoverOrStream(pipeline, run);
  await run.session.append(ended(facts));
  return new Map([[step.id, facts]]);
}

/** A pipeline stands where its sink stands; one that an earlier attempt began is recovered, not asked. */
async function standingOf(
  { sink }: Pipeline,
  run: UnitRun,
): Promise<Extract<Standing, { state: "done" | "ready" }>> {
  if (run.probe.journaled(sink.step.id) !== null) return { state: "ready" };
  const standing = await sink.handler.probe(sink.step, run.probe);
  if (standing.state === "blocked") throw new DbopsError([standing.problem]);
  if (standing.state === "waiting")
    return fail("INTERNAL", `${sink.step.id} waits for ${standing.for}, which has ended`);
  return standing;
}

async function recoverOrStream({ source, transforms, sink }: Pipeline, run: UnitRun): Promise<Facts> {
  const sinkRun = stepRun(sink.step, run);
  if (sinkRun.journaled(sink.step.id) !== null) {
    const recovered = await sink.handler.recover(sink.step, sinkRun);
    if (recovered !== null) return recovered;
  }
  const origin = new Origin(source.step);
  let artifact: Artifact | null = null;
  let opened: Artifact | null = null;
  try {
    opened = artifact = origin.watch(await source.handler.open(source.step, stepRun(source.step, run)));
    for (const { step, handler } of transforms) {
      origin.reaches(step);
      artifact = origin.watch(await handler.pipe(step, artifact, stepRun(step, run)));
    }
    origin.reaches(sink.step);
    return await sink.handler.drain(sink.step, artifact, sinkRun);
  } catch (error) {
    run.failedAt(origin.step);
    if (artifact !== null) destroyParts(artifact, error);
    throw error;
  } finally {
    await opened?.close();
  }
}

/**
 * Where a pipeline failed: at the step that was being opened; behind that, at the first one whose stream broke with an error that dbops
 * threw on purpose; else at the sink, whose end tears down the streams in front of it without saying why.
 */
class Origin {
  #at: Step;
  #first: { readonly step: Step; readonly error: unknown } | null = null;

  constructor(source: Step) {
    this.#at = source;
  }

  get step(): Step {
    return this.#first?.error instanceof DbopsError ? this.#first.step : this.#at;
  }

  reaches(step: Step): void {
    this.#at = step;
  }

  /** An error is told by the stream in which it arose before it reaches any other. */
  watch(artifact: Artifact): Artifact {
    const step = this.#at;
    for (const { body } of artifact.parts)
      body.once("error", (error: unknown) => {
        this.#first ??= { step, error };
      });
    return artifact;
  }
}

function destroyParts(artifact: Artifact, error: unknown): void {
  const reason = error instanceof Error ? error : new Error(String(error));
  for (const part of artifact.parts) {
    part.body.on("error", () => undefined); // the failure is already on its way
    part.body.destroy(reason);
  }
}

interface Pipeline {
  readonly source: { readonly step: Step; readonly handler: Source<Step> };
  readonly transforms: readonly { readonly step: Step; readonly handler: Transform<Step> }[];
  readonly sink: { readonly step: Step; readonly handler: Sink<Step> };
}

function shapesOf(unit: Unit, handlers: Handlers): Pipeline {
  const members = unit.steps.map((step) => ({ step, handler: handlerOf(handlers, step) }));
  const sources = members.flatMap(({ step, handler }) =>
    handler.shape === "source" ? [{ step, handler }] : [],
  );
  const sinks = members.flatMap(({ step, handler }) => (handler.shape === "sink" ? [{ step, handler }] : []));
  const transforms = members.flatMap(({ step, handler }) =>
    handler.shape === "transform" ? [{ step, handler }] : [],
  );
  const [source, secondSource] = sources;
  const [sink, secondSink] = sinks;
  const whole = sources.length + sinks.length + transforms.length === members.length;
  if (
    source === undefined ||
    sink === undefined ||
    secondSource !== undefined ||
    secondSink !== undefined ||
    !whole
  )
    return fail("PLAN_INVALID", `${unit.id} is no pipeline of one source, transforms and one sink`);
  return { source, transforms, sink };
}

function stepRun(step: Step, run: UnitRun): StepRun {
  return {
    ports: run.probe.ports,
    plan: run.probe.plan,
    signal: run.probe.signal,
    journaled: (id) => run.probe.journaled(id),
    leaseHolder: (database, lease) => run.probe.leaseHolder(database, lease),
    assertHeld: async () => {
      if (guardOf(handlerOf(run.handlers, step), step) === "lock") await run.session.lock.assertHeld();
    },
    note: (facts) => run.session.append([{ event: "noted", step: step.id, facts }]),
    progress: (doneBytes, totalBytes) => run.progress(step, doneBytes, totalBytes),
  };
}
