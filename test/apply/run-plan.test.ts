import { describe, expect, it } from "vitest";
import { acquireLock } from "../../src/apply/lock.ts";
import { verifyJournal } from "../../src/apply/verify-journal.ts";
import { fail } from "../../src/problems/dbops-error.ts";
import { entriesOf, eventsOf, handClock, hostOf, never, settle } from "./build.ts";
import { worldOf } from "./run-world.ts";
import { copyOf, holdOf, pipelineOf, verifyOf } from "./steps.ts";

describe("a run", () => {
  it("counts itself as the first attempt in every scope", async () => {
    const { run, records } = worldOf();
    const applied = await run([...pipelineOf("app"), holdOf("app", "first", { needs: ["app.upload"] })]);
    expect(applied.resumed).toBe(false);
    for (const scope of ["app", "app.backup"])
      expect(eventsOf(records, scope)[0]).toMatchObject({ event: "plan", attempt: 1 });
  });

  it("ends every scope with applied, and has freed each lock by then", async () => {
    const { run, records } = worldOf();
    await run([...pipelineOf("app"), ...pipelineOf("other"), holdOf("app", "first")]);
    for (const scope of ["app", "app.backup", "other.backup"]) {
      expect(entriesOf(records, scope).at(-1)?.events.at(-1)).toEqual({ event: "applied" });
      expect(JSON.parse(records.text(`_dbops/locks/${scope}.json`) ?? "")).toMatchObject({ state: "free" });
    }
  });

  it("waits for a slow last entry of one scope while another scope ends", async () => {
    const gate = Promise.withResolvers<void>();
    const { run, records } = worldOf();
    const write = records.write;
    records.write = async (key, ...rest) => {
      const answer = await write(key, ...rest);
      if (key.includes("/a/") && entriesOf(records, "a").at(-1)?.events[0]?.event === "applied")
        await gate.promise;
      return answer;
    };
    let ended = false;
    const running = run([holdOf("a", "first"), holdOf("b", "first", { after: [] })]).then(() => {
      ended = true;
    });
    await settle();
    expect(ended).toBe(false);
    gate.resolve();
    await running;
    expect(JSON.parse(records.text("_dbops/locks/a.json") ?? "")).toMatchObject({ state: "free" });
  });

  it("records a failure before the end of the last other step of its scope releases the lock", async () => {
    const failed = Promise.withResolvers<void>();
    const { run, records, primary } = worldOf(async (step) => {
      if (step.kind !== "copy") return;
      await failed.promise;
      fail("STEP_FAILED", "the copy");
    });
    const write = records.write;
    records.write = async (key, ...rest) => {
      const answer = await write(key, ...rest);
      if (!eventsOf(records, "app.backup").some((one) => one.event === "end")) return answer;
      failed.resolve(); // while the end of the verify is on its way
      await settle();
      return answer;
    };
    for (const key of ["app/1", "app/1.manifest"]) primary.put(key, "x");
    const backup = { existing: "app/1" };
    await run([
      { ...copyOf("app", {}), backup },
      { ...verifyOf("app", {}), backup },
    ]);
    expect(eventsOf(records, "app.backup").at(-1)).toMatchObject({ event: "failed", step: "app.copy" });
    const verified = await verifyJournal(records, "app.backup", never);
    expect(verified).toMatchObject({ state: "consistent, anchored" });
  });

  it("of no step has nothing to do", async () => {
    expect((await worldOf().run([])).outcome).toBe("nothing to do");
  });

  it("is refused as a whole, before anything is begun, while another holds a lock that it needs first", async () => {
    const { run, records, effects } = worldOf();
    const other = { store: records, host: hostOf(2), clock: handClock() };
    const lock = await acquireLock(other, "other", "a plan");
    await expect(run([holdOf("app", "first"), holdOf("other", "first")])).rejects.toThrow(/deploy-2@host-1/);
    expect(effects).toEqual([]);
    expect(JSON.parse(records.text("_dbops/locks/app.json") ?? "")).toMatchObject({ state: "free" });
    await lock.release();
    expect((await run([holdOf("app", "first"), holdOf("other", "first")])).outcome).toBe("applied");
  });

  it("that skips locked scopes fails their steps with the holder's name and does the others", async () => {
    const { run, records, outcomes, effects } = worldOf();
    const other = { store: records, host: hostOf(2), clock: handClock() };
    await acquireLock(other, "other", "a plan");
    const applied = await run([holdOf("app", "first"), holdOf("other", "first")], { whenLocked: "skip" });
    expect(outcomes()).toEqual({ "app.hold.first": "done", "other.hold.first": "failed" });
    expect(applied.steps[1]?.problems[0]).toMatchObject({
      code: "LOCKED",
      detail: expect.stringMatching(/deploy-2@host-1/),
    });
    expect(effects).toEqual(["app.hold.first"]);
  });
});
