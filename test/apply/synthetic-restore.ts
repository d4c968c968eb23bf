import { Readable } from "node:stream";
import type {
  AnalyzeStep,
  CreateStep,
  DownloadStep,
  DropStep,
  LoadStep,
  SanitizeStep,
  SwapStep,
} from "../../src/model/restore-steps.ts";
import type { Step } from "../../src/model/step.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { fail } from "../../src/problems/dbops-error.ts";
import type { Action, Handlers, ProbeRun, Sink, Source, Standing } from "../../src/steps/handler.ts";
import type { Watch } from "./synthetic-handlers.ts";
import { artifactOf, doneWhenThere, isThere, removeIfThere, write } from "./synthetic-objects.ts";

type RestoreHandlers = Pick<
  Handlers,
  "download" | "create" | "load" | "analyze" | "sanitize" | "swap" | "drop"
>;

/**
 * The restoring kinds, as objects of the store `primary`: a side database is `side/<name>`, `side/<name>.loaded` its comment; a
 * swap leaves `live/<name>` with what was loaded.
 */
export function syntheticRestore(watch: Watch): RestoreHandlers {
  return {
    download: download(watch),
    create: create(watch),
    load: load(watch),
    analyze: inSide<AnalyzeStep>(watch, (step) => `analyzed/${step.name}`),
    sanitize: inSide<SanitizeStep>(watch, (step) => `sanitized/${step.name}`),
    swap: swap(watch),
    drop: drop(watch),
  };
}

const ready = async (): Promise<Standing> => ({ state: "ready" });

function serverOf(run: ProbeRun): ObjectStore {
  return run.ports.store("primary");
}

function download(watch: Watch): Source<DownloadStep> {
  return {
    shape: "source",
    guard: "restore",
    probe: ready,
    async open(step, run) {
      await watch(step, run.signal);
      return artifactOf(Readable.from([`rows of ${step.database}; `, "the end"], { signal: run.signal }));
    },
  };
}

function create(watch: Watch): Action<CreateStep> {
  return {
    shape: "action",
    guard: "restore",
    probe: (step, run) => doneWhenThere(serverOf(run), `side/${step.name}`),
    async execute(step, run) {
      await watch(step, run.signal);
      await write(serverOf(run), `side/${step.name}`, "empty");
      return {};
    },
  };
}

function load(watch: Watch): Sink<LoadStep> {
  return {
    shape: "sink",
    guard: "restore",
    probe: ready,
    async recover(step, run) {
      if (await isThere(serverOf(run), `side/${step.into}.loaded`)) return {};
      await removeIfThere(serverOf(run), `side/${step.into}`);
      return null;
    },
    async drain(step, input, run) {
      await run.note({ into: step.into });
      await watch(step, run.signal);
      const [part] = input.parts;
      if (part === undefined) return fail("INTERNAL", "no part");
      await removeIfThere(serverOf(run), `side/${step.into}`);
      await serverOf(run).write(`side/${step.into}`, part.body, {}, run.signal);
      await write(serverOf(run), `side/${step.into}.loaded`, "whole");
      return {};
    },
  };
}

function inSide<S extends Step & { readonly name: string }>(
  watch: Watch,
  keyOf: (step: S) => string,
): Action<S> {
  return {
    shape: "action",
    guard: "restore",
    probe: ready,
    async execute(step, run) {
      await watch(step, run.signal);
      await write(serverOf(run), keyOf(step), "done");
      return {};
    },
  };
}

function swap(watch: Watch): Action<SwapStep> {
  return {
    shape: "action",
    guard: "lock",
    probe: (step, run) => doneWhenThere(serverOf(run), swapped(step)),
    async execute(step, run) {
      await run.assertHeld();
      await watch(step, run.signal);
      await write(serverOf(run), swapped(step), `was ${step.type === "database" ? step.side : step.marker}`);
      return {};
    },
  };
}

function swapped(step: SwapStep): string {
  return `${step.type === "database" ? "live" : step.direction}/${step.live}`;
}

function drop(watch: Watch): Action<DropStep> {
  return {
    shape: "action",
    guard: "lock",
    async probe(step, run) {
      const there = await isThere(serverOf(run), `side/${step.name}`);
      return there ? { state: "ready" } : { state: "done", evidence: "it is gone", facts: {} };
    },
    async execute(step, run) {
      await run.assertHeld();
      await watch(step, run.signal);
      await removeIfThere(serverOf(run), `side/${step.name}`);
      return {};
    },
  };
}
