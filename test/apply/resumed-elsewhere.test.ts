import { expect, it } from "vitest";
import { breakLock } from "../../src/apply/break-lock.ts";
import { runPlan } from "../../src/apply/run-plan.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { memoryStore } from "../support/memory-store.ts";
import { entriesOf, eventsOf, hostOf, optionsOf, planOf, recordsOf } from "./build.ts";
import { copyOf, pipelineOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

const PLAN = planOf([...pipelineOf("app"), copyOf("app")]);

it("a run that sleeps through its lease while another resumes its plan says nothing more of it", async () => {
  const [records, primary, dr] = [memoryStore(), memoryStore(), memoryStore()];
  const [asleep, wake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const run = (pid: number, store: ObjectStore) =>
    runPlan(
      PLAN,
      optionsOf(
        recordsOf(records, { host: hostOf(pid) }),
        { primary: store, dr },
        { handlers: syntheticHandlers(), begun: pid > 1 },
      ),
    );
  const first = run(1, {
    ...primary,
    write: async (...all) => {
      const answer = await primary.write(...all);
      asleep.resolve(); // its backup is bound, and not sealed
      await wake.promise;
      return answer;
    },
  });
  await asleep.promise;
  await breakLock(recordsOf(records), "app.backup", "it sleeps");
  expect(await run(2, primary)).toMatchObject({ outcome: "applied", resumed: true });
  const before = entriesOf(records, "app.backup");
  wake.resolve();
  const applied = await first;
  expect(applied.outcome).toBe("failed");
  expect(applied.steps.find(({ step }) => step.id === "app.upload")?.problems[0]).toMatchObject({
    code: "JOURNAL_TAKEN",
    detail: expect.stringMatching(/another run resumed this plan.*deploy-2@host-1/),
  });
  expect(entriesOf(records, "app.backup")).toEqual(before);
  expect(eventsOf(records, "app.backup").at(-1)).toEqual({ event: "applied" });
});
