import { Readable, Transform } from "node:stream";
import type { DecryptStep } from "../../src/model/restore-steps.ts";
import type {
  CopyStep,
  DumpStep,
  EncryptStep,
  HoldStep,
  PruneStep,
  Step,
  UploadStep,
  VerifyBackupStep,
  VerifyStep,
} from "../../src/model/step.ts";
import { readText } from "../../src/ports/read-object.ts";
import { fail } from "../../src/problems/dbops-error.ts";
import type {
  Action,
  Handlers,
  ProbeRun,
  Sink,
  Source,
  Standing,
  Transform as TransformHandler,
} from "../../src/steps/handler.ts";
import { never } from "./build.ts";
import { artifactOf, doneWhenThere, isThere, removeIfThere, write } from "./synthetic-objects.ts";
import { syntheticRestore } from "./synthetic-restore.ts";

/** Told every effect just before it is done, with the signal that may end it. */
export type Watch = (step: Step, signal: AbortSignal) => void | Promise<void>;

/**
 * A handler for every kind, with the shapes and guards of the real ones and effects that are nothing but small objects:
 * a backup is `<database>/<n>` with `<database>/<n>.manifest`, a verify leaves `verified/…`, a hold `held/…`.
 */
export function syntheticHandlers(watch: Watch = () => undefined): Handlers {
  return {
    dump: dump(watch),
    encrypt: { ...upperCase, guard: "lease" },
    decrypt: { ...upperCase, guard: "restore" },
    upload: upload(watch),
    copy: copy(watch),
    verify: verify(watch),
    prune: prune(watch),
    hold: hold(watch),
    ...syntheticRestore(watch),
  };
}

const ready = async (): Promise<Standing> => ({ state: "ready" });

function dump(watch: Watch): Source<DumpStep> {
  return {
    shape: "source",
    guard: "lease",
    probe: ready,
    async open(step, run) {
      await watch(step, run.signal);
      return artifactOf(Readable.from([`rows of ${step.database}; `, "the end"], { signal: run.signal }));
    },
  };
}

const upperCase: Omit<TransformHandler<EncryptStep | DecryptStep>, "guard"> = {
  shape: "transform",
  probe: ready,
  async pipe(_step, input) {
    const [part] = input.parts;
    if (part === undefined) return input;
    const upper = new Transform({
      transform(chunk, _encoding, done) {
        done(null, String(chunk).toUpperCase());
      },
    });
    part.body.on("error", (error) => upper.destroy(error));
    upper.on("error", () => part.body.destroy());
    return { ...artifactOf(part.body.pipe(upper)), close: input.close };
  },
};

function upload(watch: Watch): Sink<UploadStep> {
  return {
    shape: "sink",
    guard: "lease",
    probe: ready,
    async recover(step, run) {
      const name = String(run.journaled(step.id)?.["bound"]);
      const store = run.ports.store(step.store);
      if (await isThere(store, `${name}.manifest`)) return { name };
      if (run.journaled(step.id)?.["sealed"] === name && (await isThere(store, name))) {
        await write(store, `${name}.manifest`, "whole");
        return { name };
      }
      await removeIfThere(store, name);
      return null;
    },
    async drain(step, input, run) {
      const store = run.ports.store(step.store);
      let number = 1;
      while (await isThere(store, `${step.database}/${number}`)) number += 1;
      const name = `${step.database}/${number}`;
      await run.note({ bound: name, sealed: null });
      await watch(step, run.signal);
      const [part] = input.parts;
      if (part === undefined) return fail("INTERNAL", "no part");
      if ((await store.write(name, part.body, {}, run.signal)) === "exists") fail("OBJECT_EXISTS", name);
      await run.note({ sealed: name });
      await write(store, `${name}.manifest`, "whole");
      return { name };
    },
  };
}

function copy(watch: Watch): Action<CopyStep> {
  return {
    shape: "action",
    guard: "lease",
    probe: async (step, run) => doneWhenThere(run.ports.store(step.to), `${madeBy(step, run)}.manifest`),
    async execute(step, run) {
      await watch(step, run.signal);
      const name = madeBy(step, run);
      for (const key of [name, `${name}.manifest`])
        await write(run.ports.store(step.to), key, await readText(run.ports.store(step.from), key, never));
      return { copied: name };
    },
  };
}

function verify(watch: Watch): Action<VerifyStep> {
  return {
    shape: "action",
    guard: (step) => (step.type === "backup" ? "lease" : "restore"),
    probe: ready,
    async execute(step, run) {
      await watch(step, run.signal);
      if (step.type !== "backup") return {};
      const name = madeBy(step, run);
      await readText(run.ports.store(step.store), `${name}.manifest`, never);
      await write(run.ports.store(step.store), `verified/${name}`, "good");
      return {};
    },
  };
}

function prune(watch: Watch): Action<PruneStep> {
  const keyOf = (step: PruneStep) =>
    `${step.database}/${step.target.type === "orphan" ? step.target.name : ""}`;
  return {
    shape: "action",
    guard: "lock",
    async probe(step, run) {
      const there = await isThere(run.ports.store(step.store), keyOf(step));
      return there ? { state: "ready" } : { state: "done", evidence: "it is gone", facts: { removed: 0 } };
    },
    async execute(step, run) {
      await run.assertHeld();
      await watch(step, run.signal);
      await removeIfThere(run.ports.store(step.store), keyOf(step));
      return { removed: 1 };
    },
  };
}

function hold(watch: Watch): Action<HoldStep> {
  return {
    shape: "action",
    guard: "lock",
    probe: async (step, run) =>
      doneWhenThere(run.ports.store(step.store), `held/${step.database}/${step.hold}`),
    async execute(step, run) {
      await watch(step, run.signal);
      await write(run.ports.store(step.store), `held/${step.database}/${step.hold}`, "held");
      return {};
    },
  };
}

function madeBy(step: CopyStep | VerifyBackupStep, run: ProbeRun): string {
  const name = "made" in step.backup ? run.journaled(step.backup.made)?.["name"] : step.backup.existing;
  return typeof name === "string" ? name : fail("INTERNAL", `${step.id}: nothing was made`);
}
